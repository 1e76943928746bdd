/** `--images`: what it means, and every way to write it wrong. */
import { describe, expect, it } from 'vitest';
import { askedImages, resolveImages } from './given-images.ts';
import { readEnvironment } from '../environment.ts';
import type { Session } from '../session.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function session(...images: readonly string[]): Session {
  return {
    invocation: { flags: images.length === 0 ? {} : { images }, environment: readEnvironment({}), cwd: '/' },
    // A service outside the session may be named, too.
    services: [{ name: 'db' }],
    project: {
      config: {
        registry: { push: 'localhost:5001/shop', pull: 'registry:5000/shop', insecure: true },
        services: [
          { name: 'orders', image: { repository: 'registry.example.com/team/orders' } },
          { name: 'stock', image: { repository: 'stock' } },
          { name: 'db' },
        ],
      },
    },
  } as unknown as Session;
}

describe('--images', () => {
  it.each([
    [
      `orders=localhost:5001/shop/x:1`,
      { service: 'orders', host: 'localhost:5001', path: 'shop/x', tag: '1' },
    ],
    [`stock=nginx@${digest}`, { service: 'stock', host: 'docker.io', path: 'library/nginx', digest }],
    [
      'registry.example.com/team/orders=a/b:1',
      { service: 'orders', host: 'docker.io', path: 'a/b', tag: '1' },
    ],
  ])('%s', (text, image) => {
    expect(askedImages(session(text))).toEqual({ kind: 'ok', value: [image] });
  });

  it.each([
    ['no equals sign', ['orders'], 'is not NAME=REF'],
    ['no reference', ['orders=Not A Reference'], 'is not NAME=REF'],
    ['neither tag nor digest', ['orders=localhost:5001/x'], 'has neither a tag nor a digest'],
    ['an unknown name', ['ordres=localhost:5001/x:1'], "there is no service 'ordres' with an image"],
    ['a service without image', ['db=localhost:5001/x:1'], "there is no service 'db' with an image"],
    ['a service twice', ['orders=a/b:1', 'orders=a/b:2'], 'names the image of orders twice'],
  ])('refuses %s', (_, images, message) => {
    expect(askedImages(session(...images))).toMatchObject({
      kind: 'failed',
      error: { code: 'USAGE', message: expect.stringContaining(message) as string },
    });
  });

  it('takes a digest at its word, and knows the registry by both of its names', async () => {
    const asked = askedImages(
      session(`orders=registry:5000/shop/x:1@${digest}`, `stock=other.example.com/y@${digest}`),
    );
    if (asked.kind !== 'ok') throw new Error('refused');
    const resolved = await resolveImages(session(), asked.value);
    expect(resolved.kind === 'ok' && [...resolved.value.values()]).toEqual([
      {
        ...{ service: 'orders', repository: 'localhost:5001/shop/x', pullRepository: 'registry:5000/shop/x' },
        ...{ tag: '1', digest, inputHash: '' },
      },
      {
        ...{ service: 'stock', repository: 'other.example.com/y', pullRepository: 'other.example.com/y' },
        ...{ tag: 'a'.repeat(16), digest, inputHash: '' },
      },
    ]);
  });
});
