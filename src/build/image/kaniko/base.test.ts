import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { failed, ok } from '../../../core/outcome.ts';
import { createBaseImages, type BaseImages, type LookAtImage } from './base.ts';

const facts = { repository: 'docker.io/library/jre', digest: `sha256:${'1'.repeat(64)}`, user: '' };
const { signal } = new AbortController();
const down = failed('REGISTRY_UNREACHABLE', 'the registry docker.io cannot be reached');

let folder: string;
let asked: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-base-'));
  asked = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function looking(answer: Awaited<ReturnType<LookAtImage>>): BaseImages {
  return createBaseImages(folder, async (name) => {
    asked.push(name);
    return await Promise.resolve(answer);
  });
}

it('looks at a base once a session', async () => {
  const bases = looking(ok(facts));
  const quiet = (): void => undefined;
  expect(await bases.find('jre', signal, quiet)).toEqual(ok(facts));
  expect(await bases.find('jre', signal, quiet)).toEqual(ok(facts));
  expect(asked).toEqual(['jre']);
});

it('goes on with what it knew when the registry cannot be reached, and says so', async () => {
  await looking(ok(facts)).find('jre', signal, () => undefined);
  const notes: string[] = [];
  expect(await looking(down).find('jre', signal, (note) => notes.push(note))).toEqual(ok(facts));
  expect(notes).toEqual([
    'the registry docker.io cannot be reached; building on jre as it was when it was last looked at',
  ]);
});

it('fails if it never knew, and if the registry has no such image any more', async () => {
  expect(await looking(down).find('jre', signal, () => undefined)).toMatchObject({
    error: { code: 'BASE_IMAGE_MISSING', message: expect.stringContaining('cannot be reached') as string },
  });
  await looking(ok(facts)).find('jre', signal, () => undefined);
  expect(await looking(ok(undefined)).find('jre', signal, () => undefined)).toMatchObject({
    error: { code: 'BASE_IMAGE_MISSING', message: expect.stringContaining('no such image') as string },
  });
});
