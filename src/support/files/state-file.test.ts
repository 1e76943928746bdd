import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readState, writeState } from './state-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-state-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const asNumbers = (value: unknown): number[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : undefined;

describe('state files', () => {
  it('are written whole, into folders that are made, and read back', async () => {
    const path = join(folder, 'a', 'b', 'state.json');
    expect(await writeState(path, [1])).toEqual({ kind: 'ok', value: undefined });
    expect(await writeState(path, [1, 2])).toEqual({ kind: 'ok', value: undefined });
    expect(await readState(path, asNumbers)).toEqual([1, 2]);
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['state.json']);
  });

  it('survive many writers at once as one of their values', async () => {
    const path = join(folder, 'state.json');
    await Promise.all(Array.from({ length: 20 }, async (_, index) => await writeState(path, [index])));
    expect(await readState(path, asNumbers)).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it.each([
    ['missing', undefined],
    ['cut off', '[1, '],
    ['of another kind', '{"a": 1}'],
  ])('count as absent when %s', async (_name, content) => {
    const path = join(folder, 'state.json');
    if (content !== undefined) writeFileSync(path, content);
    expect(await readState(path, asNumbers)).toBeUndefined();
  });

  it('fail with a message when the folder cannot be made', async () => {
    writeFileSync(join(folder, 'file'), 'kept');
    const path = join(folder, 'file', 'state.json');
    expect(await writeState(path, [1])).toMatchObject({ kind: 'failed', error: { code: 'INTERNAL' } });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
  });
});
