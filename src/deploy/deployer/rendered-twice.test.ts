import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import { ok } from '../../core/outcome.ts';
import { recordingContext } from '../../../test/support/recording-context.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { Rendered, Way } from '../types.ts';
import { createRenderedObjects, notingRendered, refusingTwice } from './rendered-twice.ts';

const object = (kind: string, name: string, more: object = {}): KubeObject => ({
  ...{ apiVersion: 'v1', kind, metadata: { name, ...more } },
});
const renderedOf = (service: string, objects: readonly KubeObject[], namespace = 'shop'): Rendered => ({
  ...{ service, namespace, objects, yaml: '', hash: '' },
});

/** A session whose services render these objects; what it applies is kept. */
function session(objects: Record<string, readonly KubeObject[]>) {
  const seen = createRenderedObjects();
  const applied: string[] = [];
  const renderer = notingRendered(
    { render: ({ name }) => Promise.resolve(ok(renderedOf(name, objects[name] ?? []))) },
    seen,
  );
  const way = refusingTwice(
    {
      apply: ({ name }: ServiceConfig) => {
        applied.push(name);
        return Promise.resolve(ok({ changed: true, detail: '' }));
      },
    } as unknown as Way,
    seen,
  );
  const context = { ...recordingContext(), signal: new AbortController().signal };
  const service = (name: string) => ({ name }) as ServiceConfig;
  return {
    applied,
    render: async (name: string) => await renderer.render(service(name), undefined, context),
    apply: async (name: string) =>
      await way.apply(service(name), renderedOf(name, objects[name] ?? []), context),
  };
}

describe('an object that two services of a project render', () => {
  const common = object('ConfigMap', 'common');
  const refusal = {
    kind: 'failed',
    error: {
      code: 'OBJECT_FOREIGN',
      message: 'ConfigMap/common is rendered by one and by two, but an object can belong to one service only',
      hint: expect.stringContaining('write `needs: [one]` in two') as string,
    },
  };

  it('is refused for both at the first run, whichever comes first, and again later', async () => {
    for (const order of [
      ['one', 'two'],
      ['two', 'one'],
    ]) {
      const { render, apply, applied } = session({ one: [common, object('Service', 'a')], two: [common] });
      await Promise.all(['one', 'two'].map(render));
      for (const name of [...order, ...order]) expect(await apply(name)).toMatchObject(refusal);
      expect(applied).toEqual([]);
    }
  });

  it('is found in the namespace that a service goes to, and only there', async () => {
    const written = object('ConfigMap', 'common', { namespace: 'shop' });
    const same = session({ one: [common], two: [written] });
    await Promise.all(['one', 'two'].map(same.render));
    expect(await same.apply('two')).toMatchObject(refusal);
    const other = session({ one: [common], two: [object('ConfigMap', 'common', { namespace: 'other' })] });
    await Promise.all(['one', 'two'].map(other.render));
    expect((await other.apply('two')).kind).toBe('ok');
  });

  it('may be a namespace, a kind or a hook', async () => {
    const hook = object('Job', 'migrate', { annotations: { 'helm.sh/hook': 'pre-install' } });
    const shared = [object('Namespace', 'shop'), object('CustomResourceDefinition', 'x.example.com'), hook];
    const { render, apply, applied } = session({ one: shared, two: shared });
    await Promise.all(['one', 'two'].map(render));
    await apply('one');
    await apply('two');
    expect(applied).toEqual(['one', 'two']);
  });

  it('is free again once one of them no longer renders it', async () => {
    const objects = { one: [common], two: [common] };
    const { render, apply } = session(objects);
    await Promise.all(['one', 'two'].map(render));
    expect(await apply('one')).toMatchObject(refusal);
    objects.two = [];
    await render('two');
    expect((await apply('one')).kind).toBe('ok');
  });
});
