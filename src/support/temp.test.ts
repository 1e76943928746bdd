import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sessionId } from './session.ts';
import { makeTempFolder, removeDeadTempFolders, removeTempFolders } from './temp.ts';

afterAll(removeTempFolders);

describe('temporary folders', () => {
  it('are private, new each time, and below the session’s own folder', () => {
    const first = makeTempFolder('layers');
    expect(makeTempFolder('layers')).not.toBe(first);
    expect(dirname(first).endsWith(join('sessions', sessionId))).toBe(true);
    for (const folder of [first, dirname(first), dirname(dirname(first))]) {
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    }
  });

  it('of dead sessions are removed, of living ones not', async () => {
    const own = makeTempFolder('kept');
    const sessions = dirname(dirname(own));
    // The pid of a living process with another start time: an earlier process that is gone.
    const dead = `${process.pid}-1`;
    mkdirSync(join(sessions, dead, 'left'), { recursive: true });
    mkdirSync(join(sessions, 'not-a-session'), { recursive: true });
    expect(await removeDeadTempFolders()).toContain(dead);
    expect(existsSync(join(sessions, dead))).toBe(false);
    expect(existsSync(join(sessions, 'not-a-session'))).toBe(true);
    expect(existsSync(own)).toBe(true);
  });

  it('go at the end of the session, and come again when asked for', () => {
    const own = makeTempFolder('gone');
    removeTempFolders();
    expect(existsSync(own)).toBe(false);
    expect(existsSync(makeTempFolder('new'))).toBe(true);
  });
});
