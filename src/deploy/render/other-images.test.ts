import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import type { Artifact } from '../../core/events.ts';
import { usedByChart } from '../helm/chart/other-images.ts';
import { besideOwn, imagesOfOthers, looseName } from './other-images.ts';
import type { OtherImage } from '../types.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
function artifactOf(service: string, by: Partial<Artifact> = {}): Artifact {
  const repository = `localhost:5001/${service}`;
  return { service, repository, pullRepository: repository, tag: 't', digest, inputHash: 'h', ...by };
}
const known = (service: string, by: Partial<Artifact> = {}): OtherImage => ({
  service,
  repository: service,
  artifact: artifactOf(service, by),
});
const unknown: OtherImage = { service: 'reports', repository: 'reports' };
const pushed = `localhost:5001/stock:t@${digest}`;

function job(...images: readonly string[]): KubeObject {
  const containers = images.map((image, index) => ({ name: `c${index}`, image }));
  const spec = { template: { spec: { containers } } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec };
}

describe('imagesOfOthers', () => {
  it.each([
    [[pushed], ['stock'], []],
    [[`localhost:5001/stock@${digest}`], ['stock'], []],
    [['reports:1', 'nginx'], [], ['reports']],
    [[pushed, 'reports'], ['stock'], ['reports']],
    [[`reports@${digest}`, 'localhost:5001/stock:t'], [], []],
    [[], [], []],
  ])('%j uses %j and lacks %j', (images, uses, lacks) => {
    const found = imagesOfOthers([job(...images)], [known('stock'), unknown]);
    expect([found.uses.map(({ service }) => service), found.lacks]).toEqual([uses, lacks]);
  });
});

describe('looseName', () => {
  it.each([
    [[pushed], undefined],
    [['stock'], { image: 'stock', service: 'stock' }],
    [['localhost:5001/stock:1'], { image: 'localhost:5001/stock:1', service: 'stock' }],
    [['nginx', 'reports:2'], { image: 'reports:2', service: 'reports' }],
    [[`stock@${digest}`], undefined],
  ])('of %j is %j', (images, loose) => {
    expect(looseName([job(...images)], [known('stock'), unknown])).toEqual(loose);
  });

  it('is none of an image that was loaded into the nodes, which has no digest', () => {
    const loaded = known('stock', { digest: '' });
    expect(looseName([job('localhost:5001/stock:t')], [loaded])).toBeUndefined();
    expect(looseName([job('localhost:5001/stock:u')], [loaded])?.service).toBe('stock');
  });
});

it('an image with the repository of the own one is the own one', () => {
  const own = { repository: 'stock', builder: 'buildah', source: { kind: 'layers', base: 'b' } } as const;
  expect(besideOwn([known('stock'), unknown], own)).toEqual([unknown]);
  expect(besideOwn([known('stock'), unknown], undefined)).toHaveLength(2);
});

describe('usedByChart', () => {
  const paths = { repository: 'a', tag: 'b' };
  const check = (images: readonly string[], given: readonly string[], others: readonly OtherImage[]) =>
    usedByChart(
      [job(...images)],
      'orders',
      { otherImageValues: Object.fromEntries(given.map((name) => [name, paths])) },
      others,
      'chart',
    );

  it('tells what arrived, and what was not there to be given', () => {
    expect(check([pushed, 'reports'], ['stock', 'reports'], [known('stock'), unknown])).toMatchObject({
      kind: 'ok',
      value: { uses: [{ service: 'stock' }], lacks: ['reports'] },
    });
  });

  it('refuses a chart that ignores what it was given', () => {
    expect(check(['nginx'], ['stock'], [known('stock')])).toMatchObject({
      error: {
        code: 'IMAGE_NOT_USED',
        message: 'chart chart of orders ignores the image of stock: its images are nginx',
        hint: expect.stringContaining('deploy.helm.otherImageValues.stock') as string,
      },
    });
  });

  it.each([[known('stock')], [{ service: 'stock', repository: 'stock' }]])(
    'refuses a name that it was not given: %j',
    (other) => {
      expect(check(['stock:1'], [], [other])).toMatchObject({
        error: {
          code: 'IMAGE_NOT_USED',
          message: expect.stringContaining('names the image of stock as stock:1') as string,
          hint: expect.stringContaining('otherImageValues: {stock: ') as string,
        },
      });
    },
  );

  it('leaves alone what it does not know, and what is pinned', () => {
    expect(check(['nginx', `stock@${digest}`], [], [known('stock')])).toMatchObject({
      kind: 'ok',
      value: { uses: [], lacks: [] },
    });
  });
});
