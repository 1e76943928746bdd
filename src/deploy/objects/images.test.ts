import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import type { Artifact } from '../../core/events.ts';
import {
  hiddenImage,
  imageKindLine,
  imagesIn,
  isReferenceTo,
  mapObjectImages,
  parseImageName,
  referenceOf,
} from './images.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const artifact: Artifact = {
  service: 'orders',
  repository: 'localhost:5001/orders',
  pullRepository: 'registry:5000/orders',
  tag: 'c0ffee',
  digest,
  inputHash: 'c0ffee',
};

describe('parseImageName', () => {
  it.each([
    ['orders', { repository: 'orders' }],
    ['orders:1', { repository: 'orders', tag: '1' }],
    ['localhost:5001/orders', { repository: 'localhost:5001/orders' }],
    ['localhost:5001/a/b:1', { repository: 'localhost:5001/a/b', tag: '1' }],
    [`a/b@${digest}`, { repository: 'a/b', digest }],
    [`h:5/a:1@${digest}`, { repository: 'h:5/a', tag: '1', digest }],
    ['', { repository: '' }],
  ])('splits %s', (text, name) => {
    expect(parseImageName(text)).toEqual(name);
  });

  it('puts every reference together again', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const host = fc.option(fc.tuple(part, fc.integer({ min: 1, max: 65535 })), { nil: undefined });
    fc.assert(
      fc.property(
        host,
        fc.array(part, { minLength: 1 }),
        fc.option(part),
        fc.boolean(),
        (at, path, tag, pinned) => {
          const repository = [...(at === undefined ? [] : [at.join(':')]), ...path].join('/');
          const text = `${repository}${tag === null ? '' : `:${tag}`}${pinned ? `@${digest}` : ''}`;
          expect(parseImageName(text)).toEqual({
            repository,
            ...(tag === null ? {} : { tag }),
            ...(pinned ? { digest } : {}),
          });
        },
      ),
    );
  });
});

describe('a reference to an artifact', () => {
  it('is what the node pulls, by digest, with the tag for people', () => {
    expect(referenceOf(artifact)).toBe(`registry:5000/orders:c0ffee@${digest}`);
    expect(referenceOf({ ...artifact, digest: '' })).toBe('registry:5000/orders:c0ffee');
  });

  it.each([
    [`registry:5000/orders:c0ffee@${digest}`, true],
    [`registry:5000/orders@${digest}`, true],
    ['registry:5000/orders:c0ffee', false],
    [`localhost:5001/orders@${digest}`, false],
    [`registry:5000/orders@sha256:${'0'.repeat(64)}`, false],
  ])('%s: %s', (reference, is) => {
    expect(isReferenceTo(reference, artifact)).toBe(is);
  });

  it('goes by the tag for an image that has no digest', () => {
    const loaded = { ...artifact, digest: '' };
    expect(isReferenceTo('registry:5000/orders:c0ffee', loaded)).toBe(true);
    expect(isReferenceTo('registry:5000/orders:other', loaded)).toBe(false);
  });
});

it('finds images where kinds have them, and nowhere else', () => {
  const pod = { containers: [{ image: 'a' }, { image: 'b' }], initContainers: [{ image: 'c' }] };
  const objects = [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' }, spec: { template: { spec: pod } } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { image: 'not-one' } },
    {
      apiVersion: 'example.com/v1',
      kind: 'Deployment',
      metadata: { name: 'y' },
      spec: { image: 'nor-this' },
    },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'x' }, spec: { template: { spec: pod } } },
  ];
  expect(imagesIn(objects)).toEqual(['a', 'b', 'c']);
});

describe('kinds that name images', () => {
  const scaled: KubeObject = {
    ...{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', metadata: { name: 'x' } },
    spec: { jobTargetRef: { template: { spec: { containers: [{ image: 'a' }] } } } },
  };
  const machine: KubeObject = {
    ...{ apiVersion: 'example.com/v1', kind: 'Machine', metadata: { name: 'm' } },
    spec: {
      image: 'i',
      runner: 'r',
      steps: [{ container: 'c', note: 'c' }, { other: 1 }],
      pod: { image: 'p' },
    },
  };
  const settings: KubeObject = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 's' } },
    data: { RUNNER_IMAGE: 'r', text: 'r' },
  };
  const listed = (fields: string[], kind = 'Machine', group = 'example.com') => [{ kind, group, fields }];

  it.each([
    [scaled, [], ['a']],
    [machine, [], []],
    [machine, listed([]), ['i', 'p']],
    [machine, listed(['spec.runner', 'spec.steps[].container']), ['r', 'c']],
    [machine, listed(['spec.pod']), ['p']],
    [machine, listed(['spec.runner[]', 'spec.none.deeper']), []],
    [machine, listed([], 'Machine', 'other.example.com'), []],
    [settings, listed(['data.RUNNER_IMAGE'], 'ConfigMap', ''), ['r']],
  ] as const)('%#: well-known ones, and those that are listed, in their fields', (object, kinds, images) => {
    expect(imagesIn([object], kinds)).toEqual(images);
  });

  it('change nothing but the image', () => {
    const changed = mapObjectImages(machine, listed(['spec.steps[].container']), (image) => `${image}!`);
    expect(changed).toEqual({
      ...machine,
      spec: { ...(machine['spec'] as object), steps: [{ container: 'c!', note: 'c' }, { other: 1 }] },
    });
    expect(mapObjectImages(settings, [], () => 'never')).toBe(settings);
  });

  it('are proposed as a line of appdev.yaml', () => {
    const found = hiddenImage([scaled, machine], (text) => text === 'c');
    expect(found?.field).toBe('spec.steps[].container');
    expect(imageKindLine(machine, 'spec.steps[].container')).toBe(
      'imageKinds: [{kind: Machine, group: example.com, fields: ["spec.steps[].container"]}]',
    );
    expect(imageKindLine(machine, 'spec.pod.image')).toBe(
      'imageKinds: [{kind: Machine, group: example.com}]',
    );
  });
});
