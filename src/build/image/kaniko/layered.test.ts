/** How the image of a jar is put together: what is asked, in which order, and what happens if others were faster. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeBootJar } from '../../../../test/support/boot-jar.ts';
import { recordingContext } from '../../../../test/support/recording-context.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { digestOf } from './assemble.ts';
import { createMakeLayered, type MakeLayered } from './layered.ts';
import type { ImageStore, Job, Made, MakeImage } from './make.ts';
import { podNames } from './names.ts';
import type { Recipe } from './recipe.ts';

let top: string;
/** What pods made, by its Containerfile. */
let recipes: Recipe[];
/** The fake registry: manifests by tag and by digest, and configurations by digest. */
let manifests: Map<string, string>;
let blobs: Map<string, string>;
let asked: string[];
let refusedTag: string | undefined;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-layered-'));
  [recipes, asked, refusedTag] = [[], [], undefined];
  [manifests, blobs] = [new Map(), new Map()];
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

/** Stands in for a pod: an image whose only layer is named by the Containerfile. */
async function fakeMake(_: Job, recipe: Recipe): Promise<Outcome<Made>> {
  recipes.push(recipe);
  const name = digestOf(recipe.containerfile);
  const config = JSON.stringify({ os: 'linux', config: {}, rootfs: { diff_ids: [name] } });
  const manifest = JSON.stringify({ config: { digest: digestOf(config) }, layers: [{ digest: name }] });
  const digest = digestOf(manifest);
  const isNew = !manifests.has(digest);
  manifests.set(digest, manifest);
  blobs.set(digestOf(config), config);
  return await Promise.resolve(ok({ tag: recipe.tag ?? '', digest, ...(isNew ? { sent: 100 } : {}) }));
}

const fakeClient: ImageStore = {
  headManifest: async (_, reference) => {
    const body = manifests.get(reference);
    return await Promise.resolve(ok(body === undefined ? undefined : { digest: digestOf(body) }));
  },
  getManifest: async (_, reference) => {
    asked.push('manifest');
    const body = manifests.get(reference);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    return await Promise.resolve(ok(body === undefined ? undefined : { digest: reference, mediaType, body }));
  },
  getBlob: async (_, digest) => {
    asked.push('config');
    return await Promise.resolve(ok(blobs.get(digest)));
  },
  putText: async (_, text) => {
    asked.push('put config');
    blobs.set(digestOf(text), text);
    return await Promise.resolve(ok(digestOf(text)));
  },
  putManifest: async (_, tag, { body }) => {
    asked.push('put manifest');
    if (refusedTag !== undefined) {
      manifests.set(tag, refusedTag === 'the same' ? body : refusedTag);
      return await Promise.resolve(failed('TAG_IMMUTABLE', `${tag} is immutable`));
    }
    manifests.set(tag, body).set(digestOf(body), body);
    return await Promise.resolve(ok(undefined));
  },
};

function maker(make: MakeImage = fakeMake): MakeLayered {
  return createMakeLayered({
    project: 'shop',
    make,
    bases: {
      find: async () =>
        await Promise.resolve(ok({ repository: 'localhost:5001/java', digest: 'sha256:base', user: '' })),
    },
    onLower: async () => await Promise.resolve(),
    pullGate: async () => await Promise.resolve(ok(undefined)),
    podsAlone: false,
  });
}

async function build(make: MakeLayered, text: string): Promise<Outcome<Made>> {
  const push = 'localhost:5001';
  const registry = {
    push,
    pull: push,
    inCluster: '198.18.0.1:5001',
    insecure: true,
    source: 'KEP-1755',
  } as const;
  const names = podNames(registry);
  if (names === undefined) throw new Error('no names');
  const repository = `${push}/orders`;
  const job: Job = {
    service: 'orders',
    registry,
    names,
    repository,
    podRepository: names.translate(repository),
    folder: top,
    client: fakeClient,
    context: recordingContext(),
  };
  return await make(job, await writeBootJar(join(top, 'app.jar'), text), 'localhost:5001/java:17');
}

it('is read part by part once a session, and its tag is put last', async () => {
  const make = maker();
  const first = await build(make, 'a');
  expect(first).toMatchObject({ kind: 'ok', value: { sent: 300 } });
  expect(asked).toEqual([
    ...Array<string[]>(3).fill(['manifest', 'config']).flat(),
    'put config',
    'put manifest',
  ]);
  expect(recipes.map(({ reproducible, fixed }) => [reproducible, fixed])).toEqual([
    [false, true],
    [true, true],
    [true, true],
  ]);
  expect(recipes[0]?.containerfile).toBe('FROM 198.18.0.1:5001/java@sha256:base\n');
  asked = [];
  const second = await build(make, 'b');
  expect(second).toMatchObject({ kind: 'ok', value: { sent: 100 } });
  expect(asked).toEqual(['manifest', 'config', 'put config', 'put manifest']);
  // Back to what was: nothing is made.
  recipes = [];
  const tag = first.kind === 'ok' ? first.value.tag : '';
  const digest = first.kind === 'ok' ? first.value.digest : '';
  expect(await build(make, 'a')).toEqual(ok({ tag, digest }));
  expect(recipes).toEqual([]);
});

it('is put together again from parts that are still there', async () => {
  const first = await build(maker(), 'a');
  if (first.kind !== 'ok') throw new Error('not built');
  manifests.delete(first.value.tag);
  expect(await build(maker(), 'a')).toEqual(ok({ ...first.value, sent: 0 }));
});

it('is there already if another machine was faster, unless that made something else', async () => {
  refusedTag = 'the same';
  expect(await build(maker(), 'a')).toMatchObject({ kind: 'ok', value: { wasThere: true } });
  refusedTag = '{"another":"image"}';
  manifests.clear();
  const outcome = await build(maker(), 'a');
  expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'TAG_IMMUTABLE' } });
  expect(JSON.stringify(outcome)).toContain(digestOf(refusedTag));
});

it.each([
  [
    'that the registry does not have',
    (): unknown => manifests.clear(),
    'PUSH_FAILED',
    '198.18.0.1:5001/orders',
  ],
  [
    'whose configuration is another one',
    (): unknown => blobs.forEach((_, key) => blobs.set(key, 'x')),
    'REGISTRY_UNREACHABLE',
    'damaged',
  ],
])('is not made of a part %s', async (_, spoil, code, said) => {
  const make = maker(async (job, recipe) => {
    const made = await fakeMake(job, recipe);
    spoil();
    return made;
  });
  const outcome = await build(make, 'a');
  expect(outcome).toMatchObject({ kind: 'failed', error: { code } });
  expect(JSON.stringify(outcome)).toContain(said);
  expect(asked).not.toContain('put manifest');
});
