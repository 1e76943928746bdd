/** artifacts.json on disk: what a build takes over, and what it never writes over. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactsDocument } from '../../config/artifacts.ts';
import { ok } from '../../core/outcome.ts';
import { dropArtifacts, mayWriteArtifacts, writeArtifacts, type BuiltArtifact } from './artifacts.ts';
import type { Session } from '../session.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-artifacts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A session of a project; `file`: what `--artifacts` names. */
function sessionOf(project: string, file?: string): Session {
  return {
    invocation: { cwd: folder, flags: file === undefined ? {} : { artifacts: file } },
    project: { config: { name: project } },
    stateFolder: join(folder, '.appdev'),
  } as unknown as Session;
}

function built(service: string): BuiltArtifact {
  return {
    artifact: {
      ...{ service, repository: `r/${service}`, pullRepository: `r/${service}`, tag: 't', inputHash: 'i' },
      digest: `sha256:${'a'.repeat(64)}`,
    },
    ...{ tags: [], git: undefined, stages: [] },
  };
}

function servicesIn(file: string): readonly string[] {
  const document = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ArtifactsDocument;
  return document.artifacts.map(({ service }) => service);
}

describe('artifacts.json', () => {
  it('is written, keeps entries of other services, and loses those of services that are about to be built', async () => {
    for (const [file, path] of [
      [undefined, '.appdev/artifacts.json'],
      ['out/a.json', 'out/a.json'],
    ] as const) {
      const session = sessionOf('shop', file);
      expect(await mayWriteArtifacts(session)).toEqual(ok(undefined));
      expect(await dropArtifacts(session, ['orders'])).toEqual(ok(undefined));
      expect(await writeArtifacts(session, [built('stock')])).toEqual(ok(undefined));
      expect(await writeArtifacts(session, [built('orders')])).toEqual(ok(undefined));
      expect(servicesIn(path)).toEqual(['orders', 'stock']);
      expect(await dropArtifacts(session, ['orders'])).toEqual(ok(undefined));
      expect(servicesIn(path)).toEqual(['stock']);
    }
  });

  it('may be an empty file that was made for it', async () => {
    writeFileSync(join(folder, 'made.json'), '');
    const session = sessionOf('shop', 'made.json');
    expect(await mayWriteArtifacts(session)).toEqual(ok(undefined));
    expect(await writeArtifacts(session, [built('orders')])).toEqual(ok(undefined));
    expect(servicesIn('made.json')).toEqual(['orders']);
  });

  it.each([
    ['notes', 'buy milk\n', 'has'],
    ['JSON of another kind', '{"name": "web", "version": "1.0.0"}\n', 'has'],
    ['one that was cut', '{"apiVersion": "appdev/v1", "kind": "Arti', 'has'],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00]), 'is not UTF-8 text'],
  ])('does not overwrite %s that --artifacts names', async (_, content, words) => {
    const path = join(folder, 'mine');
    writeFileSync(path, content);
    const session = sessionOf('shop', 'mine');
    const refused = {
      kind: 'failed',
      error: { code: 'USAGE', message: expect.stringContaining(`mine ${words}`) as string },
    };
    expect(await mayWriteArtifacts(session)).toMatchObject(refused);
    expect(await dropArtifacts(session, ['orders'])).toMatchObject(refused);
    expect(await writeArtifacts(session, [built('orders')])).toMatchObject(refused);
    expect(readFileSync(path)).toEqual(Buffer.from(content));
  });

  it("does not overwrite another project's file, and says whose it is", async () => {
    await writeArtifacts(sessionOf('other', 'a.json'), [built('orders')]);
    const before = readFileSync(join(folder, 'a.json'));
    const refused = await writeArtifacts(sessionOf('shop', 'a.json'), [built('orders')]);
    expect(refused).toMatchObject({
      error: {
        code: 'USAGE',
        diagnostics: [{ message: expect.stringContaining('belongs to project "other"') as string }],
      },
    });
    expect(readFileSync(join(folder, 'a.json'))).toEqual(before);
  });

  it('does not overwrite a folder or a device', async () => {
    mkdirSync(join(folder, 'some'));
    for (const file of ['some', '/dev/null']) {
      expect(await mayWriteArtifacts(sessionOf('shop', file))).toMatchObject({ error: { code: 'USAGE' } });
    }
  });

  it('is written anew in .appdev, where everything is ours', async () => {
    mkdirSync(join(folder, '.appdev'));
    writeFileSync(join(folder, '.appdev/artifacts.json'), '{"old": true}');
    const session = sessionOf('shop');
    expect(await mayWriteArtifacts(session)).toEqual(ok(undefined));
    expect(await writeArtifacts(session, [built('orders')])).toEqual(ok(undefined));
    expect(servicesIn('.appdev/artifacts.json')).toEqual(['orders']);
  });
});
