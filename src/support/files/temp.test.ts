import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { markOf, sessionId, sessionText } from '../process/mark.ts';
import { removeSessionFolders } from '../process/session-folder.ts';
import { makeLargeTempFolder, makeTempFolder, removeDeadTempFolders } from './temp.ts';

/** An earlier process that is gone: the pid of this one with another start time. */
const deadId = (startTime: string): string => sessionText({ ...markOf(), startTime });

afterAll(removeSessionFolders);

const elsewhere: string[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of elsewhere.splice(0)) {
    removeSessionFolders();
    rmSync(folder, { recursive: true });
  }
});

/** Gives this test a place of its own: any appdev that starts on this machine removes what is dead, too. */
function moveAway(): void {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-temp-test-'));
  elsewhere.push(folder);
  vi.stubEnv('TMPDIR', folder);
}

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
    moveAway();
    const own = makeTempFolder('kept');
    const sessions = dirname(dirname(own));
    const dead = deadId('1');
    mkdirSync(join(sessions, dead, 'left'), { recursive: true });
    mkdirSync(join(sessions, 'not-a-session'), { recursive: true });
    expect(await removeDeadTempFolders()).toContain(dead);
    expect(existsSync(join(sessions, dead))).toBe(false);
    expect(existsSync(join(sessions, 'not-a-session'))).toBe(true);
    expect(existsSync(own)).toBe(true);
  });

  it('for large things are as private and go as well', async () => {
    const large = makeLargeTempFolder('jars');
    const sessions = dirname(dirname(large));
    expect(statSync(large).mode & 0o777).toBe(0o700);
    const dead = join(sessions, deadId('2'));
    mkdirSync(join(dead, 'left'), { recursive: true });
    await removeDeadTempFolders();
    expect([existsSync(dead), existsSync(large)]).toEqual([false, true]);
    removeSessionFolders();
    expect(existsSync(large)).toBe(false);
  });

  it.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
    'of dead sessions stay while something is mounted there',
    async () => {
      moveAway();
      const dead = join(dirname(dirname(makeTempFolder('x'))), deadId('3'));
      const mount = join(dead, 'mnt');
      mkdirSync(mount, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mount]);
      try {
        writeFileSync(join(mount, 'precious'), '');
        expect(await removeDeadTempFolders()).not.toContain(deadId('3'));
        expect(existsSync(join(mount, 'precious'))).toBe(true);
      } finally {
        execFileSync('umount', [mount]);
      }
      await removeDeadTempFolders();
      expect(existsSync(dead)).toBe(false);
    },
  );

  it('go at the end of the session, and come again when asked for', () => {
    const own = makeTempFolder('gone');
    removeSessionFolders();
    expect(existsSync(own)).toBe(false);
    expect(existsSync(makeTempFolder('new'))).toBe(true);
  });
});
