import { describe, expect, it } from 'vitest';
import { baseFailure, buildFailure, isBaseMissing, transferFailure } from './buildah-errors.ts';

/** What Buildah 1.28.2 printed, by way of a proxy that made the fault. */
const pushes: readonly (readonly [line: string, code: string, retry: string])[] = [
  [
    'writing blob: initiating layer upload to /v2/a/blobs/uploads/ in localhost:5001: received unexpected HTTP status: 503 Service Unavailable',
    'REGISTRY_UNREACHABLE',
    'yes',
  ],
  [
    'writing manifest: uploading manifest x to localhost:5001/a: received unexpected HTTP status: 500 Internal Server Error',
    'REGISTRY_UNREACHABLE',
    'yes',
  ],
  [
    'writing blob: initiating layer upload to /v2/a/blobs/uploads/ in localhost:5001: StatusCode: 403, ',
    'REGISTRY_DENIED',
    'no',
  ],
  [
    'writing manifest: uploading manifest x to localhost:5001/a: unauthorized: authentication required',
    'REGISTRY_DENIED',
    'once',
  ],
  ['writing manifest: uploading manifest x to localhost:5001/a: StatusCode: 413, ', 'PUSH_FAILED', 'no'],
  ['writing manifest: uploading manifest x to localhost:5001/a: StatusCode: 412, ', 'PUSH_FAILED', 'no'],
  [
    'pinging container registry localhost:5001: Get "http://localhost:5001/v2/": dial tcp 127.0.0.1:5001: connect: connection refused',
    'REGISTRY_UNREACHABLE',
    'yes',
  ],
  [
    'writing blob: Patch "http://localhost:5001/v2/a": write tcp 127.0.0.1:1->127.0.0.1:2: use of closed network connection',
    'REGISTRY_UNREACHABLE',
    'yes',
  ],
  [
    'pinging container registry localhost:5001: Get "https://localhost:5001/v2/": http: server gave HTTP response to HTTPS client',
    'REGISTRY_UNREACHABLE',
    'no',
  ],
  [
    'pinging container registry r.example.com: Get "https://r.example.com/v2/": dial tcp: lookup r.example.com: no such host',
    'REGISTRY_UNREACHABLE',
    'no',
  ],
  [
    'pinging container registry r.example.com: Get "https://r.example.com/v2/": x509: certificate signed by unknown authority',
    'REGISTRY_UNREACHABLE',
    'no',
  ],
  ['writing blob: toomanyrequests: too many requests', 'REGISTRY_UNREACHABLE', 'yes'],
  // The next ones with Harbor's words.
  [
    "writing manifest: uploading manifest 1 to localhost:5001/a: unknown: Failed to process request due to 'shop/a:1' configured as immutable.",
    'TAG_IMMUTABLE',
    'no',
  ],
  [
    'writing blob: uploading layer to http://localhost:5001/v2/shop/a/blobs/uploads/x: denied: adding 320.0 KiB of storage resource, which when updated to current usage of 1.0 MiB will exceed the configured upper limit of 1.0 MiB.',
    'QUOTA_EXCEEDED',
    'no',
  ],
  [
    'writing blob: initiating layer upload to /v2/nope/a/blobs/uploads/ in localhost:5001: unauthorized: project nope not found: project nope not found',
    'REGISTRY_DENIED',
    'no',
  ],
  [
    'writing blob: uploading layer chunked: unauthorized: unauthorized to access repository: shop/c, action: push: unauthorized to access repository: shop/c, action: push',
    'REGISTRY_DENIED',
    'once',
  ],
  [
    'writing blob: uploading layer chunked: StatusCode: 413, <html>\r\n<head><title>413 Request Entity Too Large<...',
    'PUSH_FAILED',
    'no',
  ],
  [
    'trying to reuse blob sha256:44 at destination: Requesting bearer token: invalid status code from registry 500 (Internal Server Error)',
    'REGISTRY_UNREACHABLE',
    'yes',
  ],
  ['something that nobody has seen', 'PUSH_FAILED', 'no'],
];

describe('transferFailure', () => {
  it.each(pushes)('%s', (line, code, retry) => {
    const failure = transferFailure('pushing localhost:5001/a', 'localhost:5001', [
      `Error: pushing image "x" to "docker://localhost:5001/a:x": ${line}`,
    ]);
    expect([failure.error.code, failure.retry]).toEqual([code, retry]);
    expect(failure.error.message).toMatch(/^pushing localhost:5001\/a failed: /);
    expect(failure.error.hint).toBeDefined();
  });

  it('shows no password that stood in an address', () => {
    const { error } = transferFailure('pushing', 'r.example.com', [
      'Error: Get "https://user:secret@r.example.com/v2/": odd',
    ]);
    expect(JSON.stringify(error)).not.toContain('secret');
  });
});

describe('buildFailure', () => {
  it('names the step that failed', () => {
    expect(
      buildFailure('orders', 'Containerfile', [
        'STEP 1/3: FROM base',
        'STEP 2/3: COPY target/app.jar /app.jar',
        'Error: building at STEP "COPY target/app.jar /app.jar": checking on sources under "/p": copier: stat: "/target/app.jar": no such file or directory',
      ]),
    ).toMatchObject({
      code: 'IMAGE_BUILD_FAILED',
      message:
        'orders: buildah failed at STEP 2/3 of Containerfile: COPY target/app.jar /app.jar: checking on sources under "/p": copier: stat: "/target/app.jar": no such file or directory',
      hint: expect.stringContaining('.dockerignore') as unknown,
    });
  });

  it('tells a base that cannot be pulled from a step that fails', () => {
    expect(
      buildFailure('orders', 'Containerfile', [
        'STEP 1/2: FROM r.example.com/base:1',
        'Error: creating build container: initializing source docker://r.example.com/base:1: pinging container registry r.example.com: Get "https://r.example.com/v2/": dial tcp: connection refused',
      ]),
    ).toMatchObject({
      code: 'BASE_IMAGE_MISSING',
      message: expect.stringContaining('r.example.com/base:1') as unknown,
    });
  });
});

describe('baseFailure', () => {
  const pulling = ['STEP 1/2: FROM r.example.com/base:1', 'Trying to pull r.example.com/base:1...'];
  const failure = (...lines: string[]): ReturnType<typeof baseFailure> =>
    baseFailure('orders', 'Containerfile', [...pulling, ...lines]);

  // What Buildah 1.28.2 printed, by way of a proxy that made the fault, at each request of a pull.
  it.each([
    'initializing source docker://r.example.com/base:1: pinging container registry r.example.com: invalid status code from registry 503 (Service Unavailable)',
    'initializing source docker://r.example.com/base:1: Requesting bearer token: invalid status code from registry 503 (Service Unavailable)',
    'initializing source docker://r.example.com/base:1: reading manifest 1 in r.example.com/base: received unexpected HTTP status: 503 Service Unavailable',
    'initializing source docker://r.example.com/base:1: unexpected EOF',
    'parsing image configuration: Error fetching blob: invalid status code from registry 503 (Service Unavailable)',
    'parsing image configuration: unexpected EOF',
    'reading blob sha256:5f70: Error fetching blob: invalid status code from registry 503 (Service Unavailable)',
    'writing blob: setting up to decompress blob: happened during read: unexpected EOF',
  ])('is worth another try after: %s', (words) => {
    const found = failure(`Error: creating build container: ${words}`);
    expect([found?.error.code, found?.retry]).toEqual(['BASE_IMAGE_MISSING', 'yes']);
    expect(found?.error.message).toMatch(/^orders: pulling r\.example\.com\/base:1 failed: r\.example\.com /);
    expect(found?.error.hint).toBe(
      'check FROM in Containerfile, or try by hand: buildah pull r.example.com/base:1',
    );
  });

  it('asks for another login where the one that is known is refused', () => {
    const found = failure(
      'Error: creating build container: reading blob sha256:5f70: unable to retrieve auth token: invalid username/password: unauthorized: authentication required',
    );
    expect([found?.error.code, found?.retry]).toEqual(['BASE_IMAGE_MISSING', 'once']);
    expect(found?.error.hint).toBe('log in: buildah login r.example.com');
  });

  it('is final where the base is not there', () => {
    const words = 'reading manifest 1 in r.example.com/base: manifest unknown: manifest unknown';
    const found = failure(
      `Error: creating build container: initializing source docker://r.example.com/base:1: ${words}`,
    );
    expect([found?.error.code, found?.retry]).toEqual(['BASE_IMAGE_MISSING', 'no']);
  });

  it.each([
    ['a step', ['Error: building at STEP "RUN curl r.example.com": 503 Service Unavailable']],
    [
      'the storage, once the base is there',
      ['Writing manifest to image destination', 'Error: creating build container: mounting: unexpected EOF'],
    ],
  ])('is not the failure of %s', (_what, lines) => {
    expect(failure(...lines)).toBeUndefined();
  });
});

describe('isBaseMissing', () => {
  it('knows the words of Buildah', () => {
    expect(isBaseMissing(['Error: creating build container: localhost/appdev/none:1: image not known'])).toBe(
      true,
    );
    expect(isBaseMissing(['Error: creating build container: no space left on device'])).toBe(false);
  });
});
