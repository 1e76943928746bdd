/** artifacts.json beside newer builds of `dev`: what a command that uses the file says about them. */
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Artifact, EventBody } from '../../core/events.ts';
import { createRecords, recordsFile } from '../../loop/work/records.ts';
import type { Session } from '../session.ts';
import { artifactsPath, writeArtifacts } from './artifacts.ts';
import { tellOfNewerBuilds } from './newer-builds.ts';

let folder: string;
let events: EventBody[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-newer-'));
  events = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function sessionOf(flags: object = {}): Session {
  return {
    invocation: { cwd: folder, flags },
    project: { config: { name: 'shop' } },
    services: [{ name: 'orders' }],
    stateFolder: folder,
    emit: (event: EventBody) => events.push(event),
  } as unknown as Session;
}

const imageOf = (letter: string): Artifact => ({
  ...{
    service: 'orders',
    repository: 'r/orders',
    pullRepository: 'r/orders',
    tag: letter,
    inputHash: letter,
  },
  digest: `sha256:${letter.repeat(64)}`,
});

/** Writes artifacts.json with image a, and records of `dev` with another image, so many seconds later. */
async function built(devs: string, seconds: number): Promise<void> {
  const session = sessionOf();
  await writeArtifacts(session, [{ artifact: imageOf('a'), tags: [], git: undefined, stages: [] }]);
  const key = { inputHash: devs, tests: '', target: 't' };
  await createRecords(folder).add('orders', key, imageOf(devs));
  utimesSync(artifactsPath(session), 1000, 1000);
  utimesSync(recordsFile(folder, 'orders'), 1000 + seconds, 1000 + seconds);
}

it('are named, with the command that takes them over', async () => {
  await built('b', 60);
  await tellOfNewerBuilds(sessionOf(), new Map([['orders', imageOf('a')]]));
  expect(events).toEqual([
    {
      type: 'notice',
      level: 'warning',
      message: 'dev has built newer images of orders than those of artifacts.json, which are used here',
      hint: 'to use the current files: appdev build orders',
    },
  ]);
});

it.each<readonly [string, string, number, object]>([
  ['the newest is the one of the file', 'a', 60, {}],
  ['the file was written later', 'b', -60, {}],
  ['the file was named', 'b', 60, { artifacts: 'artifacts.json' }],
])('are not mentioned if %s', async (_, devs, seconds, flags) => {
  await built(devs, seconds);
  await tellOfNewerBuilds(sessionOf(flags), new Map([['orders', imageOf('a')]]));
  expect(events).toEqual([]);
});

it('need neither file', async () => {
  await tellOfNewerBuilds(sessionOf(), new Map());
  expect(events).toEqual([]);
});
