import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

  it('are written although a killed writer of the same pid left every name that it could have used', async () => {
    const path = join(folder, 'state.json');
    for (let count = 0; count < 1000; count += 1) writeFileSync(`${path}.${process.pid}-${count}.tmp`, 'cut');
    expect(await writeState(path, [1])).toMatchObject({ kind: 'ok' });
  });

  it('are no links: reading one finds nothing, and writing replaces it', async () => {
    const [path, target] = [join(folder, 'state.json'), join(folder, 'other')];
    writeFileSync(target, '[7]');
    symlinkSync(target, path);
    expect(await readState(path, asNumbers)).toBeUndefined();
    expect(await writeState(path, [1])).toMatchObject({ kind: 'ok' });
    expect(await readState(path, asNumbers)).toEqual([1]);
    expect(readFileSync(target, 'utf8')).toBe('[7]');
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
