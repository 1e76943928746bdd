import { describe, expect, it } from 'vitest';
import { pullCause, registryWords } from './pull-cause.ts';

const image = 'localhost:5001/orders:1';

/** What containerd says through the kubelet, with the registry's part filled in. */
const containerd = (words: string): string =>
  `rpc error: code = Unknown desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${words}`;

function causeOf(reason: string, message: string, attempts = 1): ReturnType<typeof pullCause> {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e' },
    message: `Failed to pull image "${image}": ${message}`,
    count: attempts,
  };
  return pullCause(
    { pod, name: 'app', spec: { image }, status: {}, events: [event], called: 'container app' },
    reason,
    message,
  );
}

describe.each([
  [containerd(`${image}: not found`), 'not found', 0, /the node asked localhost:5001: push the image there/],
  [
    containerd(
      'failed to do request: Head "https://localhost:5001/v2/orders/manifests/1": http: server gave HTTP response to HTTPS client',
    ),
    'Head "https://localhost:5001/v2/orders/manifests/1": http: server gave HTTP response to HTTPS client',
    0,
    /certs\.d\/localhost:5001\/hosts\.toml/,
  ],
  [
    containerd('failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized'),
    'failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized',
    0,
    /imagePullSecret/,
  ],
  [
    containerd(
      'failed to do request: Head "https://localhost:5001/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ),
    'Head "https://localhost:5001/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    0,
    /add the CA to the node/,
  ],
  [
    containerd(
      'failed to do request: Head "http://localhost:5001/v2/": dial tcp 127.0.0.1:5001: connect: connection refused',
    ),
    'Head "http://localhost:5001/v2/": dial tcp 127.0.0.1:5001: connect: connection refused',
    'deadline',
    /check that `registry.pull` is right/,
  ],
  [
    containerd('unexpected status from HEAD request: 503 Service Unavailable'),
    'unexpected status from HEAD request: 503 Service Unavailable',
    'deadline',
    /appdev doctor/,
  ],
])('%s', (message, words, endsAfterMs, hint) => {
  it('is told in the words of the registry', () => {
    expect(registryWords(message, image)).toBe(words);
    expect(causeOf('ErrImagePull', message)).toMatchObject({
      kind: 'image-pull',
      message: `container app cannot get image ${image}: ${words}`,
      hint: expect.stringMatching(hint) as string,
      endsAfterMs,
    });
  });

  it('is told while the kubelet backs off, too', () => {
    const backOff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
    expect(registryWords(backOff, image)).toBe(words);
    const inEventOnly = causeOf('ImagePullBackOff', `Back-off pulling image "${image}"`, 1);
    expect(inEventOnly.message).toContain('cannot get image');
  });

  it('ends the rollout at the second attempt at the latest', () => {
    expect(causeOf('ErrImagePull', message, 2).endsAfterMs).toBe(0);
  });
});

it('ends at once for what is not a reference, and for an image that must be there already', () => {
  expect(
    causeOf('InvalidImageName', 'couldn\'t parse image name "A": invalid reference format'),
  ).toMatchObject({
    message: `container app cannot get image ${image}: this is not an image reference`,
    endsAfterMs: 0,
  });
  expect(
    causeOf('ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`)
      .endsAfterMs,
  ).toBe(0);
});
