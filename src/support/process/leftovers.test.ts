import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeTempFolder, removeDeadTempFolders } from '../files/temp.ts';
import { endGroup } from './children.ts';
import { daemonsIn, reapLeftovers } from './leftovers.ts';
import { markOf, sessionId, sessionText, sessionVariable } from './mark.ts';
import { isGroupAlive } from './proc.ts';
import { runProcess } from './process.ts';
import { removeSessionFolders } from './session-folder.ts';

const never = new AbortController().signal;
let folder: string;
let sleepers: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-left-test-'));
  vi.stubEnv('TMPDIR', folder);
  sleepers = [];
});
afterEach(() => {
  for (const sleeper of sleepers) sleeper.kill('SIGKILL');
  removeSessionFolders();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A process with a session's mark, in a group of its own, and whether it still runs. */
function sleeper(session: string): () => boolean {
  const env = { ...process.env, [sessionVariable]: session };
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore', env });
  sleepers.push(child);
  return () => isGroupAlive(child.pid ?? 0);
}

describe.runIf(process.platform === 'linux')('what a session left', () => {
  /** The id of a session whose process is gone. */
  const dead = (startTime: string): string => sessionText({ ...markOf(), startTime });
  const { place } = markOf();

  it.each([
    ['was killed: it ends', dead('1'), true, false],
    ['ended well, and whose daemon the user has now: it stays', dead('2'), false, true],
    [
      'was made in another container, which this one sees too: it stays',
      sessionText({ pid: 7, startTime: '1', place: { ...place, pids: '0a0a0a0a' } }),
      true,
      true,
    ],
    ['says nothing of its place: it stays', '4999999-1', true, true],
    ['is this one: it stays', sessionId, true, true],
  ])('by a session that %s', async (_name, id, hasFolder, stays) => {
    const sessions = dirname(dirname(makeTempFolder('x')));
    const session = join(sessions, id);
    if (hasFolder) mkdirSync(session, { recursive: true });
    const runs = sleeper(session);
    await reapLeftovers(1000);
    await removeDeadTempFolders();
    expect([runs(), existsSync(session)]).toEqual([stays, hasFolder && stays]);
  });

  it('is still found when the folders are cleared first', async () => {
    const session = join(dirname(dirname(makeTempFolder('x'))), dead('1'));
    mkdirSync(session);
    const runs = sleeper(session);
    await removeDeadTempFolders();
    expect(existsSync(session)).toBe(true);
    await reapLeftovers(1000);
    await removeDeadTempFolders();
    expect([runs(), existsSync(session)]).toEqual([false, false]);
  });
});

describe('a child', () => {
  const print = { tool: 'sh', args: ['-c', `echo "\${${sessionVariable}-none}"`], cwd: '/' };

  it('carries the folder of its session, which is there as long as the session is', async () => {
    const finished = await runProcess(print, { signal: never });
    const session = finished.kind === 'exited' ? finished.stdout.trim() : '';
    expect([session.startsWith(folder), session.endsWith(`/sessions/${sessionId}`)]).toEqual([true, true]);
    expect(existsSync(session)).toBe(true);
    removeSessionFolders();
    expect(existsSync(session)).toBe(false);
  });

  it('that only asks something of the user’s machine carries no mark, of this session or another', async () => {
    vi.stubEnv(sessionVariable, '7-7');
    expect(await runProcess({ ...print, unmarked: true }, { signal: never })).toMatchObject({
      stdout: 'none\n',
    });
  });
});

describe.runIf(process.platform === 'linux')('the daemons of a session', () => {
  it('are those that work in its folder, and none that a child merely started', async () => {
    const own = makeTempFolder('registry');
    const controller = new AbortController();
    const child = runProcess({ tool: 'sleep', args: ['60'], cwd: own }, { signal: controller.signal });
    // It lets go of the pipe once it is in a group of its own: the shell's end would take it along before.
    const script = ': $(setsid sh -c "echo \\$\\$ >&2; exec sleep 60 >/dev/null 2>&1 </dev/null" &)';
    const start = async (cwd: string): Promise<number> => {
      const finished = await runProcess({ tool: 'sh', args: ['-c', script], cwd }, { signal: never });
      return finished.kind === 'exited' ? Number(finished.stderr) : 0;
    };
    const [wanted, other] = [await start(own), await start('/')];
    try {
      await expect.poll(() => daemonsIn(own)).toEqual([wanted]);
      expect(isGroupAlive(other)).toBe(true);
    } finally {
      await Promise.all([wanted, other].map(async (group) => await endGroup(group, 1000)));
      controller.abort('user');
      await child;
    }
    expect(daemonsIn(own)).toEqual([]);
  });
});
