/** What counts as changed by others; the API server is a stand-in that answers dry runs. The real one: test/e2e. */
import { expect, it } from 'vitest';
import type { FieldConflict } from '../../cluster/conflicts.ts';
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import { ok } from '../../core/outcome.ts';
import { findDrift } from './drift.ts';

interface Entry {
  readonly manager: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

const ours: Entry = { manager: 'helm', fieldsV1: { 'f:spec': { 'f:replicas': {} } } };

function web(replicas: number, managedFields: readonly Entry[] = []): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', managedFields },
    spec: { replicas },
  };
}

/** The drift of one object, and how often the server was asked. */
async function drift(wanted: KubeObject, live: KubeObject, conflicts: readonly FieldConflict[]) {
  let asked = 0;
  const cluster = {
    conflicts: () => {
      asked += 1;
      return Promise.resolve(ok(conflicts));
    },
  } as unknown as Cluster;
  const found = await findDrift([{ wanted, live }], 'helm', cluster, new AbortController().signal);
  if (found.kind !== 'ok') throw new Error(JSON.stringify(found));
  return { fields: found.value.flatMap(({ fields }) => fields), asked };
}

const scaled: FieldConflict = { manager: 'kubectl', field: '.spec.replicas' };

it.each([
  ['a field that another manager has set', [ours, { manager: 'kubectl' }], [scaled], [scaled], 1],
  [
    'a field that the same manager has set otherwise',
    [ours, { manager: 'x' }],
    [{ ...scaled, manager: 'helm' }],
    [],
    1,
  ],
  ['nobody else', [ours], [scaled], [], 0],
  ['a controller that reports status', [ours, { manager: 'k', subresource: 'status' }], [scaled], [], 0],
])('%s', async (_what, managers, conflicts, fields, asked) => {
  expect(await drift(web(1), web(2, managers), conflicts)).toEqual({ fields, asked });
});

it('sees zero replicas that nobody owns, and none that were asked for or are owned', async () => {
  const unowned = { manager: 'helm' };
  expect((await drift(web(1), web(0, [unowned]), [])).fields).toEqual([{ field: '.spec.replicas' }]);
  expect((await drift(web(0), web(0, [unowned]), [])).fields).toEqual([]);
  expect((await drift(web(1), web(0, [ours]), [])).fields).toEqual([]);
});
