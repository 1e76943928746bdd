import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Artifact } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import type { PushedImage } from '../../registry/ledger.ts';
import type { ImageTarget } from '../../registry/types.ts';
import { runProcess } from '../../support/process/process.ts';
import { removeImage } from './remove.ts';

const names = {
  push: 'localhost:5001',
  pull: 'registry:5000',
  insecure: true,
  source: 'appdev.yaml',
} as const;
const registry: ImageTarget = { kind: 'registry', registry: names };
const image: Artifact = {
  service: 'appdev-doctor',
  repository: 'localhost:5001/appdev-doctor',
  pullRepository: 'registry:5000/appdev-doctor',
  tag: 'abc',
  digest: `sha256:${'a'.repeat(64)}`,
  inputHash: 'doctor',
};

let cache: string;
let forgotten: PushedImage[];
beforeEach(() => {
  // Nothing is remembered here, so that Buildah is not asked.
  cache = mkdtempSync(join(tmpdir(), 'appdev-remove-'));
  forgotten = [];
});
afterEach(() => {
  rmSync(cache, { recursive: true, force: true });
});

async function remove(
  images: ImageTarget,
  answer: Outcome<'deleted' | 'absent' | 'unsupported'>,
): Promise<readonly string[]> {
  const fakeClient = { deleteManifest: () => Promise.resolve(answer) };
  const fakeLedger = {
    forget: (gone: readonly PushedImage[]) => {
      forgotten.push(...gone);
      return Promise.resolve(ok(undefined));
    },
  };
  const buildah = { driverChosen: false, isolation: '', registriesConf: undefined };
  return await removeImage(
    { images, client: fakeClient, ledger: fakeLedger, run: runProcess, buildah, cache },
    image,
    new AbortController().signal,
  );
}

it('forgets what the registry has deleted', async () => {
  expect(await remove(registry, ok('deleted'))).toEqual([]);
  expect(forgotten).toEqual([image]);
});

it('tells where an image stays, and leaves it to the next pruning', async () => {
  expect(await remove(registry, ok('unsupported'))).toEqual(['localhost:5001, which does not delete']);
  expect(await remove(registry, failed('REGISTRY_DENIED', 'not allowed', { hint: 'log in' }))).toEqual([
    'localhost:5001 (not allowed)',
  ]);
  const copied: ImageTarget = { kind: 'registry', registry: { ...names, copy: { insecure: true } } };
  expect(await remove(copied, ok('deleted'))).toEqual(['registry:5000']);
  const load: ImageTarget = { kind: 'load', product: 'kind', cluster: 'dev' };
  expect(await remove(load, ok('absent'))).toEqual(['the nodes of dev']);
  expect(forgotten).toEqual([image]);
});
