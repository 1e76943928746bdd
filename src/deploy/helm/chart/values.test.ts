import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { HelmConfig } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';
import { addedValues } from './values.ts';

const artifact: Artifact = {
  service: 'orders',
  repository: 'localhost:5001/orders',
  pullRepository: 'localhost:5001/orders',
  tag: 'c0ffee',
  digest: 'sha256:1',
  inputHash: 'c0ffee',
};
const config: HelmConfig = {
  kind: 'helm',
  chart: '/chart',
  release: 'orders',
  values: [],
  set: {},
  imageValues: { repository: 'image.repository', tag: 'image.tag' },
};

function valuesOf(change: Partial<HelmConfig>, image: Artifact | undefined = artifact): unknown {
  const added = addedValues({ ...config, ...change }, image);
  return added.kind === 'ok'
    ? [JSON.parse(added.value.stdin), ...added.value.args, ...added.value.texts]
    : added;
}

describe('addedValues', () => {
  it.each([
    [{}, [{ image: { repository: 'localhost:5001/orders', tag: 'c0ffee@sha256:1' } }]],
    [
      { imageValues: { repository: 'global.app.image', tag: 'tag' } },
      [{ global: { app: { image: 'localhost:5001/orders' } }, tag: 'c0ffee@sha256:1' }],
    ],
    [
      { imageValues: { repository: 'image', tag: 'image' } },
      [{ image: 'localhost:5001/orders:c0ffee@sha256:1' }],
    ],
    [
      { imageValues: { registry: 'i.registry', repository: 'i.name', tag: 'i.tag' } },
      [{ i: { registry: 'localhost:5001', name: 'orders', tag: 'c0ffee@sha256:1' } }],
    ],
    [
      { imageValues: { repository: 'i.name', tag: 'i.tag', digest: 'i.digest' } },
      [{ i: { name: 'localhost:5001/orders', tag: 'c0ffee', digest: 'sha256:1' } }],
    ],
    [
      { imageValues: { repository: 'i.name', sha: 'i.sha' } },
      [{ i: { name: 'localhost:5001/orders', sha: '1' } }],
    ],
    [
      { imageValues: { repository: 'i.name', tag: 'i.tag', tagOnly: true } },
      [{ i: { name: 'localhost:5001/orders', tag: 'c0ffee' } }],
    ],
    [
      {
        imageValues: { reference: 'main' },
        moreImageValues: [
          { reference: 'init', tagOnly: true },
          { repository: 'job.image', tag: 'job.tag' },
        ],
      },
      [
        {
          main: 'localhost:5001/orders:c0ffee@sha256:1',
          init: 'localhost:5001/orders:c0ffee',
          job: { image: 'localhost:5001/orders', tag: 'c0ffee@sha256:1' },
        },
      ],
    ],
    [
      { imageValues: { repository: 'apps[0].image', tag: 'apps[0].tag' } },
      [
        {},
        { path: 'apps[0].image', text: 'localhost:5001/orders' },
        { path: 'apps[0].tag', text: 'c0ffee@sha256:1' },
      ],
    ],
    [
      {
        set: { 'a[0].secret': 'say "no", twice', 'a[0].port': 80 },
        imageValues: { repository: 'r', tag: 't' },
      },
      [
        { r: 'localhost:5001/orders', t: 'c0ffee@sha256:1' },
        '--set-json=a[0].port=80',
        { path: 'a[0].secret', text: 'say "no", twice' },
      ],
    ],
    [
      { set: { 'image.tag': 'mine', replicaCount: 2, 'a.b': false } },
      [
        {
          image: { repository: 'localhost:5001/orders', tag: 'c0ffee@sha256:1' },
          replicaCount: 2,
          a: { b: false },
        },
      ],
    ],
  ])('%j gives %j', (change, values) => {
    expect(valuesOf(change)).toEqual(values);
  });

  it('adds the images of others if the config has a path for them', () => {
    const stock = { ...artifact, service: 'stock', pullRepository: 'localhost:5001/stock' };
    const otherImageValues = {
      stock: { repository: 'job.image', tag: 'job.tag' },
      reports: { repository: 'never', tag: 'never' },
    };
    const others = [stock, { ...artifact, service: 'unasked' }];
    const added = addedValues({ ...config, otherImageValues }, artifact, others);
    expect(added.kind === 'ok' && JSON.parse(added.value.stdin)).toEqual({
      image: { repository: 'localhost:5001/orders', tag: 'c0ffee@sha256:1' },
      job: { image: 'localhost:5001/stock', tag: 'c0ffee@sha256:1' },
    });
  });

  it('adds no image if none was built', () => {
    expect(addedValues({ ...config, set: { a: 1 } }, undefined)).toMatchObject({
      value: { stdin: '{"a":1}' },
    });
  });

  it.each([
    [{ image: 'x' }, 'image'],
    [{ 'a.b': 1, 'a.b.c': 2 }, 'a.b'],
    [{ 'a.b.c': 1, 'a.b': 2 }, 'a.b'],
  ])('refuses %j: a path cannot be a value and a mapping at once', (set, path) => {
    expect(valuesOf({ set })).toMatchObject({
      kind: 'failed',
      error: { code: 'RENDER_FAILED', message: expect.stringContaining(path) as string },
    });
  });

  it('hands odd values over as data', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true })),
        (value) => {
          const added = addedValues({ ...config, set: { 'a.b': value } }, undefined);
          const read =
            added.kind === 'ok' ? (parse(added.value.stdin) as { a: { b: unknown } }).a.b : undefined;
          expect(read === value || (read === 0 && value === 0)).toBe(true);
        },
      ),
    );
  });

  it('keeps a key called __proto__ a key', () => {
    expect(addedValues({ ...config, set: { '__proto__.polluted': true } }, undefined)).toMatchObject({
      value: { stdin: '{"__proto__":{"polluted":true}}' },
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
