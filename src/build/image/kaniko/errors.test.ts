import { describe, expect, it } from 'vitest';
import { appdevError } from '../../../core/errors.ts';
import type { Outcome } from '../../../core/outcome.ts';
import {
  buildFailed,
  lost,
  noDigest,
  noInClusterName,
  notCreated,
  notStarted,
  saysContextCut,
  tagTaken,
  type BuildSubject,
} from './errors.ts';

const subject: BuildSubject = {
  service: 'orders',
  namespace: 'shop',
  pod: 'appdev-build-orders-1',
  image: 'executor:1',
  host: 'registry.example.com:5000',
};

function errorOf(outcome: Outcome<never>): { code: string; message: string; hint: string } {
  if (outcome.kind !== 'failed') throw new Error(outcome.kind);
  const { code, message, hint = '' } = outcome.error;
  return { code, message, hint };
}

const failed = (exitCode: number, reason = 'Error'): Parameters<typeof buildFailed>[1] => ({
  kind: 'ended',
  exitCode,
  reason,
  message: '',
});

describe('a pod that does not start', () => {
  it.each([
    [
      'unschedulable',
      '0/1 nodes are available: 1 Insufficient memory.',
      /no node takes.*Insufficient memory/,
      /kaniko\.resources/,
    ],
    ['image', 'executor:1: not found', /cannot pull the executor executor:1: .*not found/, /kaniko\.image/],
    ['container', 'secret "x" not found', /cannot be started: secret "x" not found/, /kaniko\.credentials/],
  ] as const)('%s', (what, message, text, hint) => {
    const error = errorOf(notStarted(subject, { what, message, final: true }));
    expect(error.code).toBe('BUILD_POD_FAILED');
    expect(error.message).toMatch(text);
    expect(error.hint).toMatch(hint);
  });

  it('says what Pod Security wants, in the words that the API server has for it', () => {
    const said =
      'context kind-shop is not allowed to create Pod/b in shop: pods "b" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true';
    const error = errorOf(notCreated(subject, appdevError('CLUSTER_DENIED', said)));
    expect(error).toMatchObject({ code: 'BUILD_POD_FAILED' });
    expect(error.message).toContain('violates PodSecurity "restricted:latest"');
    expect(error.hint).toContain('enforce=baseline');
  });

  it('tells a quota from a missing right', () => {
    const quota =
      'is not allowed to create Pod/b in shop: pods "b" is forbidden: exceeded quota: small, requested: cpu=500m';
    expect(errorOf(notCreated(subject, appdevError('CLUSTER_DENIED', quota))).code).toBe('BUILD_POD_FAILED');
    const right =
      'is not allowed to create Pod/b in shop: pods is forbidden: User "dev" cannot create resource "pods"';
    expect(errorOf(notCreated(subject, appdevError('CLUSTER_DENIED', right))).code).toBe('CLUSTER_DENIED');
  });
});

describe('an executor that failed', () => {
  it.each([
    [
      'a COPY without its file',
      [
        'INFO[0001] COPY a /b',
        'error building image: error building stage: failed to execute command: failed to get fileinfo for /kaniko/buildcontext/a: lstat /kaniko/buildcontext/a: no such file or directory',
      ],
      'IMAGE_BUILD_FAILED',
      /the executor ended with 1: error building image: .*lstat/,
      /\.dockerignore/,
    ],
    [
      'a push without credentials',
      [
        'error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for "registry.example.com:5000/orders:1": POST http://registry.example.com:5000/v2/orders/blobs/uploads/: UNAUTHORIZED: authentication required',
      ],
      'REGISTRY_DENIED',
      /pushing from the build pod failed/,
      /docker login/,
    ],
    [
      'a name that pods do not know',
      [
        'error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for "localhost:5001/orders:1": creating push check transport for localhost:5001 failed: Get "http://localhost:5001/v2/": dial tcp 127.0.0.1:5001: connect: connection refused',
      ],
      'REGISTRY_UNREACHABLE',
      /does not answer/,
      /registry\.inCluster/,
    ],
    [
      'a certificate that it does not trust',
      [
        'error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for "registry.example.com:5000/orders:1": creating push check transport for registry.example.com:5000 failed: Get "https://registry.example.com:5000/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      ],
      'REGISTRY_UNREACHABLE',
      /certificate that is not trusted/,
      /registry\.ca .*for registry\.example\.com:5000/,
    ],
    [
      'a tag that must not be written again',
      [
        'error pushing image: failed to push to destination r/orders:1: PUT http://r/v2/orders/manifests/1: PRECONDITION: configured as immutable',
      ],
      'TAG_IMMUTABLE',
      /already has this tag/,
      /./,
    ],
    [
      'a tag that is there and kept back, which the executor asks for before it pushes',
      [
        'error pushing image: failed to push to destination r/shop/orders:1: HEAD http://r/v2/shop/orders/manifests/1: unexpected status code 412 Precondition Failed (HEAD responses have no body, use GET for details)',
      ],
      'TAG_IMMUTABLE',
      /already has this tag and holds it back/,
      /scan the image/,
    ],
    [
      'a project without room',
      [
        'error pushing image: failed to push to destination r/shop/orders:1: PUT http://r/v2/shop/orders/blobs/uploads/1: DENIED: adding 20.0 MiB of storage resource, which when updated to current usage of 1.0 MiB will exceed the configured upper limit of 10.0 MiB.',
      ],
      'QUOTA_EXCEEDED',
      /no room left/,
      /higher quota/,
    ],
    [
      'a push that fails after a build that printed other words',
      [
        'Updating certificates in /etc/ssl/certs... permission denied by nobody, no quota',
        'INFO[0009] Pushing image to r/orders:1',
        'error pushing image: failed to push to destination r/orders:1: PUT http://r/v2/orders/manifests/1: unexpected status code 503 Service Unavailable',
      ],
      'REGISTRY_UNREACHABLE',
      /answers with a server error/,
      /registry\.inCluster/,
    ],
    [
      'a token service at a private address, which its library does not follow',
      [
        'error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for "10.0.0.7/shop/orders:1": creating push check transport for 10.0.0.7 failed: invalid realm in www-authenticate: realm host "10.0.0.7" is a private or link-local address',
      ],
      'REGISTRY_UNREACHABLE',
      /does not sign in at 10\.0\.0\.7/,
      /DNS name/,
    ],
    [
      'an image that its project keeps back',
      [
        "error building image: unable to complete operation after 2 attempts, last error: GET http://r/v2/shop/base/manifests/sha256:9: PROJECTPOLICYVIOLATION: current image without vulnerability scanning cannot be pulled due to configured policy in 'Prevent images'",
      ],
      'BASE_IMAGE_MISSING',
      /is not allowed to pull r\/shop\/base: .*without vulnerability scanning/,
      /scan that image in Harbor/,
    ],
    [
      'a base that is not there',
      [
        'error building image: unable to complete operation after 2 attempts, last error: GET http://r/v2/base/manifests/9: MANIFEST_UNKNOWN: manifest unknown',
      ],
      'BASE_IMAGE_MISSING',
      /cannot get the base image/,
      /localhost/,
    ],
    [
      'an executor that does not know a flag',
      [
        'Error: unknown flag: --nope',
        'Usage:',
        '  executor [flags]',
        '      --build-arg multi-arg type   help',
      ],
      'IMAGE_BUILD_FAILED',
      /unknown flag: --nope/,
      /./,
    ],
    ['one that says nothing', [], 'IMAGE_BUILD_FAILED', /it printed no error/, /./],
  ] as const)('%s', (_, lines, code, message, hint) => {
    const error = errorOf(buildFailed(subject, failed(1), lines));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  it.each([
    ['quota-api', '503 Service Unavailable', 'REGISTRY_UNREACHABLE'],
    ['certificate-service', '502 Bad Gateway', 'REGISTRY_UNREACHABLE'],
    ['immutable', '413 Request Entity Too Large', 'PUSH_FAILED'],
    ['denied-calls', '429 Too Many Requests', 'REGISTRY_UNREACHABLE'],
  ])('a push of %s that ends with %s', (name, status, code) => {
    const error = errorOf(
      buildFailed(subject, failed(1), [
        'INFO[0003] RUN ./check',
        'x509: the certificate of quota is immutable, denied: forbidden',
        `error pushing image: failed to push to destination r.example.com/shop/${name}:1: PUT https://r.example.com/v2/shop/${name}/blobs/uploads/x?digest=sha256%3Aab: unexpected status code ${status}: {"errors":[{"detail":{"name":"${name}"}}]}; [map[name:shop/${name}]]`,
      ]),
    );
    expect(error.code).toBe(code);
  });

  it('by its memory', () => {
    const error = errorOf(buildFailed(subject, failed(137, 'OOMKilled'), ['INFO[0009] RUN java']));
    expect(error).toMatchObject({ code: 'BUILD_POD_FAILED' });
    expect(error.hint).toContain('limits.memory');
  });

  it('keeps passwords in URLs to itself', () => {
    const outcome = buildFailed(subject, failed(1), ['error building image: GET https://dev:s3cret@r/v2/']);
    expect(JSON.stringify(outcome)).not.toContain('s3cret');
  });
});

it('knows the executor’s words for a context that was cut off', () => {
  expect(saysContextCut(['error resolving source context: unexpected EOF'])).toBe(true);
  expect(saysContextCut(['error building image: exit status 3'])).toBe(false);
});

it.each([
  ['DeadlineExceeded', /kaniko\.deadline/],
  ['Evicted', /ended before its build \(Evicted\): low on memory/],
  ['Deleted', /ended before its build \(Deleted\)/],
])('tells of a pod that ended from outside: %s', (reason, text) => {
  expect(errorOf(lost(subject, { reason, message: 'low on memory' })).message).toMatch(text);
});

it('does not take an exit code of 0 without a digest for an image', () => {
  expect(errorOf(noDigest(subject, '')).message).toContain('left no digest');
});

it('says what to do about a tag that names another image', () => {
  const taken = appdevError('TAG_IMMUTABLE', 'the registry has this tag already');
  const error = errorOf(tagTaken(taken, `sha256:${'2'.repeat(64)}`));
  expect(error).toMatchObject({ code: 'TAG_IMMUTABLE' });
  expect(error.message).toContain('it names another image, sha256:2222');
  expect(error.hint).toContain('FROM name@sha256:');
  expect(tagTaken(taken, undefined)).toEqual({ kind: 'failed', error: taken });
});

it('asks for the name by which pods know the registry', () => {
  expect(errorOf(noInClusterName('orders', 'localhost:5001')).hint).toContain('registry.inCluster');
});
