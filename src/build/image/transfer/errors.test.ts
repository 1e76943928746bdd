import { describe, expect, it } from 'vitest';
import { transferFailure } from './errors.ts';

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
  ['writing blob: toomanyrequests: Quota exceeded for quota metric', 'REGISTRY_UNREACHABLE', 'yes'],
  [
    "writing blob: initiating layer upload to /v2/a/blobs/uploads/ in localhost:5001: name unknown: The repository with name 'a' does not exist in the registry",
    'PUSH_FAILED',
    'no',
  ],
  [
    'pinging container registry localhost:5001: Get "http://localhost:5001/v2/": dial tcp 127.0.0.1:5001: i/o timeout',
    'REGISTRY_UNREACHABLE',
    'yes',
  ],
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

/** Names that hold the words by which failures are told; a service, a project or a host may be called so. */
const names = [
  ...[
    'quota-api',
    'immutable',
    'certificate-service',
    'x509',
    'denied-calls',
    'forbidden',
    'unauthorized-500',
  ],
  ...['toomanyrequests', 'name-unknown', 'eof', 'service-unavailable', 'tls', 'orders-503', 'project', '429'],
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

  it.each(names)('is not misled by something that is called %s', (name) => {
    const host = `${name}.example.com:5000`;
    for (const [line, code, retry] of pushes) {
      const named = line
        .replaceAll(/localhost:5001|r\.example\.com(?!:)/g, host)
        .replaceAll(/shop\/[ac]/g, `${name}/${name}`)
        .replaceAll('nope', name)
        .replaceAll(/(?<=\/v2\/|:5000\/)a\b/g, name);
      for (const lines of [
        [`Error: pushing image "x" to "docker://${host}/${name}:${name}": ${named}`],
        [`copying ${name}`, `time="2026-01-02" level=fatal msg=${JSON.stringify(`copying: ${named}`)}`],
        [`Error: initializing source docker://${name}:latest: ${named}`],
      ]) {
        const failure = transferFailure(`pushing ${host}/${name}`, host, lines);
        expect([lines, failure.error.code, failure.retry]).toEqual([lines, code, retry]);
      }
    }
  });

  it('shows the words of a log entry, not the entry', () => {
    const line = 'time="2026-01-02T03:04:05Z" level=fatal msg="reading manifest: odd: \\"x\\""';
    const { error } = transferFailure('copying', 'r.example.com', [line]);
    expect(error.message).toBe('copying failed: reading manifest: odd: "x"');
  });

  it('goes by the last error, not by what was printed before', () => {
    const { error, retry } = transferFailure('pushing', 'r.example.com', [
      'the certificate was denied: quota exceeded',
      'Error: writing blob: received unexpected HTTP status: 502 Bad Gateway',
    ]);
    expect([error.code, retry, error.message]).toEqual([
      'REGISTRY_UNREACHABLE',
      'yes',
      'pushing failed: r.example.com answers with a server error',
    ]);
  });

  it('shows no password that stood in an address', () => {
    const { error } = transferFailure('pushing', 'r.example.com', [
      'Error: Get "https://user:secret@r.example.com/v2/": odd',
    ]);
    expect(JSON.stringify(error)).not.toContain('secret');
  });
});
