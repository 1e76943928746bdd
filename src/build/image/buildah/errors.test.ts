import { describe, expect, it } from 'vitest';
import { baseFailure, buildFailure, isBaseMissing } from './errors.ts';

describe('buildFailure', () => {
  it.each([
    [
      ['STEP 2/4: COPY <<EOF /out.txt'],
      'Error: building at STEP "COPY <<EOF /out.txt": checking on sources under "/p": copier: stat: "/<<EOF": no such file or directory',
    ],
    [
      ['STEP 2/4: RUN <<EOF', 'STEP 3/4: ECHO more >> /out.txt'],
      'Error: building at STEP "ECHO ": Build error: Unknown instruction: "ECHO" &imagebuilder.Step{Command:"echo"}',
    ],
  ])('says that this Buildah is too old for here-documents: %j', (steps, error) => {
    const { hint } = buildFailure('orders', 'Containerfile', ['STEP 1/4: FROM scratch', ...steps, error]);
    expect(hint).toContain('Buildah 1.33');
  });

  it('does not speak of here-documents if there is none', () => {
    const lines = [
      'STEP 2/2: ECHO more',
      'Error: building at STEP "ECHO ": Build error: Unknown instruction: "ECHO"',
    ];
    expect(buildFailure('orders', 'Containerfile', lines).hint).not.toContain('here-documents');
  });

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

  it('asks for another login if the one that is known is refused', () => {
    const found = failure(
      'Error: creating build container: reading blob sha256:5f70: unable to retrieve auth token: invalid username/password: unauthorized: authentication required',
    );
    expect([found?.error.code, found?.retry]).toEqual(['BASE_IMAGE_MISSING', 'once']);
    expect(found?.error.hint).toBe('log in: buildah login r.example.com');
  });

  it('is final if the base is not there', () => {
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

it('names every cause of an error that has several', () => {
  const lines = [
    'STEP 2/2: RUN x',
    'Error: 2 errors occurred:',
    '\t* no space left',
    '\t* image is in use',
    '',
  ];
  expect(buildFailure('orders', 'Containerfile', lines).message).toBe(
    'orders: buildah failed at STEP 2/2 of Containerfile: RUN x: 2 errors occurred: * no space left * image is in use',
  );
});
