import { describe, expect, it } from 'vitest';
import { buildFailure, isBaseMissing } from './buildah-errors.ts';

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

describe('isBaseMissing', () => {
  it('knows the words of Buildah', () => {
    expect(isBaseMissing(['Error: creating build container: localhost/appdev/none:1: image not known'])).toBe(
      true,
    );
    expect(isBaseMissing(['Error: creating build container: no space left on device'])).toBe(false);
  });
});
