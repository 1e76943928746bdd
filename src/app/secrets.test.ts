import { afterEach, describe, expect, it, vi } from 'vitest';
import { readEnvironment } from './environment.ts';
import { exitWith, unexpectedError } from './fail.ts';
import { environmentMask, openMask } from './secrets.ts';

describe('openMask', () => {
  it("knows the registry's password and the project's secrets", () => {
    const { mask } = openMask(readEnvironment({ APPDEV_REGISTRY_PASSWORD: 'for-the-registry' }), [
      'of-the-project',
    ]);
    expect(mask(['for-the-registry', 'of-the-project', 'neither'])).toEqual(['***', '***', 'neither']);
  });

  it('learns what a project that is read again brings, and forgets nothing', () => {
    const { mask, learn } = openMask(readEnvironment({}), ['an-old-one']);
    expect(mask('an-old-one, a-new-one')).toBe('***, a-new-one');
    learn(['a-new-one']);
    expect(mask('an-old-one, a-new-one')).toBe('***, ***');
  });
});

describe('a bug of appdev', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is reported without what the environment calls a secret', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const error = await unexpectedError(new Error('cannot read properties of hunter2-hunter2'));
    const mask = environmentMask(readEnvironment({ DB_PASSWORD: 'hunter2-hunter2', HOME: '/home/ann' }));
    expect(exitWith({ kind: 'failed', error }, mask)).toBe(1);
    const text = write.mock.calls.map(([chunk]) => String(chunk)).join('');
    expect(text).toContain('cannot read properties of ***');
    expect(text).not.toContain('hunter2');
  });
});
