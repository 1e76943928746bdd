import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Artifact } from '../core/events.ts';
import { createPushLedger } from './ledger.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-ledger-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const artifact = (tag: string, service = 'orders'): Artifact => ({
  service,
  repository: `localhost:5001/${service}`,
  pullRepository: `localhost:5001/${service}`,
  tag,
  digest: `sha256:${tag}`,
  inputHash: tag,
});

describe('the ledger of pushed images', () => {
  it('keeps the order of pushes, across sessions', async () => {
    const first = createPushLedger(folder);
    await first.add(artifact('a'));
    await first.add(artifact('b'));
    await first.add(artifact('a'));
    expect((await createPushLedger(folder).list()).map(({ tag }) => tag)).toEqual(['a', 'b']);
  });

  it('loses nothing when services push side by side', async () => {
    const ledger = createPushLedger(folder);
    const tags = Array.from({ length: 20 }, (_, index) => `t${index}`);
    await Promise.all(tags.map(async (tag) => await ledger.add(artifact(tag, `s${tag}`))));
    expect((await ledger.list()).map(({ tag }) => tag).sort()).toEqual([...tags].sort());
  });

  it('forgets what it is told to', async () => {
    const ledger = createPushLedger(folder);
    await ledger.add(artifact('a'));
    await ledger.add(artifact('b'));
    await ledger.forget([artifact('a')]);
    expect((await ledger.list()).map(({ tag }) => tag)).toEqual(['b']);
  });

  it.each([
    '',
    '{',
    '[]',
    '{"version": 2, "images": [{"tag": "a"}]}',
    '{"version": 1, "images": [{"tag": "a"}, 5]}',
  ])('takes a damaged file for an empty one: %s', async (content) => {
    writeFileSync(join(folder, 'pushed.json'), content);
    expect(await createPushLedger(folder).list()).toEqual([]);
  });

  it('goes on after a change that failed', async () => {
    writeFileSync(join(folder, 'file'), '');
    const ledger = createPushLedger(join(folder, 'file'));
    expect(await ledger.add(artifact('a'))).toMatchObject({ kind: 'failed' });
    expect(await ledger.add(artifact('b'))).toMatchObject({ kind: 'failed' });
  });
});
