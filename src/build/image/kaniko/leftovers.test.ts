import { beforeEach, expect, it } from 'vitest';
import { holderOfProcess } from '../../../cluster/hold/holder.ts';
import type { Cluster, KubeObject } from '../../../cluster/types.ts';
import { ok } from '../../../core/outcome.ts';
import { removeLeftoverBuilds } from './leftovers.ts';

const now = Date.parse('2026-01-05T12:00:00Z');
const recent = '2026-01-05T11:59:00Z';
const old = '2026-01-05T10:00:00Z';

let objects: KubeObject[];
let removed: string[];
let selectors: string[];
beforeEach(() => {
  objects = [];
  removed = [];
  selectors = [];
});

const cluster: Pick<Cluster, 'list' | 'remove' | 'follow'> = {
  list: async ({ kind, labelSelector = '' }) => {
    selectors.push(labelSelector);
    return await Promise.resolve(ok(objects.filter((object) => object.kind === kind)));
  },
  remove: async ({ kind, name }) => {
    removed.push(`${kind} ${name}`);
    objects = objects.filter((object) => object.kind !== kind || object.metadata.name !== name);
    return await Promise.resolve(ok('deleted'));
  },
  follow: (_query, { onSnapshot }) => {
    setImmediate(() => onSnapshot([]));
  },
};

function put(
  name: string,
  holder: { readonly identity: string; readonly place: string },
  more: { readonly created?: string; readonly status?: unknown; readonly key?: string } = {},
): void {
  objects.push({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      creationTimestamp: more.created ?? recent,
      annotations: {
        [more.key ?? 'dev.appdev/holder-process']: holder.identity,
        'dev.appdev/holder-place': holder.place,
      },
    },
    ...(more.status === undefined ? {} : { status: more.status }),
  });
}

it('removes what dead sessions left, and what ended long ago, and nothing else', async () => {
  const alive = holderOfProcess();
  // No process can have this number: it is above the kernel's limit.
  const dead = { ...alive, identity: alive.identity.replace(/ \d+\/\d+$/, ' 4999999/1') };
  const elsewhere = { identity: 'ci@runner 5/6', place: 'another machine' };
  const ended = {
    phase: 'Failed',
    containerStatuses: [{ name: 'executor', state: { terminated: { exitCode: 1, reason: 'Error' } } }],
  };
  put('mine', alive);
  put('dead', dead);
  // As earlier versions named it.
  put('dead-older', dead, { key: 'dev.appdev/holder' });
  put('elsewhere', elsewhere, { created: old });
  put('elsewhere-ended-now', elsewhere, { status: ended });
  put('elsewhere-ended', elsewhere, { created: old, status: ended });
  const { signal } = new AbortController();
  const outcome = await removeLeftoverBuilds(cluster, { namespace: 'shop', project: 'shop' }, signal, now);
  expect(outcome).toEqual(ok(3));
  expect(removed.sort()).toEqual(['Pod dead', 'Pod dead-older', 'Pod elsewhere-ended']);
  // Nobody else's objects are even looked at.
  expect(new Set(selectors)).toEqual(new Set(['dev.appdev/build=shop']));
});
