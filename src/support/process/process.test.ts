import { mkdtempSync, rmSync, writeFileSync, readFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, identify, isGroupAlive } from './proc.ts';
import { runProcess, type Finished } from './process.ts';
import { sessionVariable } from './mark.ts';
import { sessionMark } from './session-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-process-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const never = new AbortController().signal;
const sh = (script: string, signal = never, more: { graceMs?: number } = {}): Promise<Finished> =>
  runProcess({ tool: 'sh', args: ['-c', script], cwd: folder }, { signal, ...more });

/** Resolves with the content of a file as soon as a child has written it. */
async function written(name: string): Promise<string> {
  const path = join(folder, name);
  await expect
    .poll(() => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'), { timeout: 10_000 })
    .toBe(true);
  return readFileSync(path, 'utf8').trim();
}

describe('runProcess', () => {
  it('returns exit code, both streams and their lines', async () => {
    const lines: string[] = [];
    const finished = await runProcess(
      { tool: 'sh', args: ['-c', 'echo one; echo two >&2; printf three; exit 7'], cwd: folder },
      { signal: never, onLine: (stream, line) => lines.push(`${stream}:${line}`) },
    );
    expect(finished).toMatchObject({ kind: 'exited', exitCode: 7, stdout: 'one\nthree', stderr: 'two\n' });
    expect(lines.toSorted()).toEqual(['stderr:two', 'stdout:one', 'stdout:three']);
  });

  it('keeps our own registry password from children', async () => {
    process.env['APPDEV_REGISTRY_PASSWORD'] = 'correct-horse';
    try {
      expect(await sh('env')).toMatchObject({
        stdout: expect.not.stringContaining('correct-horse') as string,
      });
    } finally {
      delete process.env['APPDEV_REGISTRY_PASSWORD'];
    }
  });

  it('feeds stdin, sets and removes variables, and runs in the folder', async () => {
    process.env['APPDEV_TEST_GONE'] = 'here';
    const finished = await runProcess(
      {
        tool: 'sh',
        args: ['-c', 'cat; echo "$A|${APPDEV_TEST_GONE-unset}|$APPDEV_SESSION"; pwd -P'],
        cwd: folder,
        env: { A: 'a b', APPDEV_TEST_GONE: undefined },
        stdin: 'in\n',
      },
      { signal: never },
    );
    delete process.env['APPDEV_TEST_GONE'];
    expect(finished).toMatchObject({
      stdout: `in\na b|unset|${sessionMark()[sessionVariable]}\n${folder}\n`,
    });
  });

  it('takes no text for shell syntax', async () => {
    const finished = await runProcess(
      { tool: 'echo', args: ['$(id) `id`; x > y'], cwd: folder },
      { signal: never },
    );
    expect(finished).toMatchObject({ stdout: '$(id) `id`; x > y\n' });
  });

  it('tells a missing tool from a missing folder and from one that cannot be started', async () => {
    expect(await runProcess({ tool: 'appdev-no-such', args: [], cwd: folder }, { signal: never })).toEqual({
      kind: 'missing',
      tool: 'appdev-no-such',
    });
    const gone = join(folder, 'gone');
    expect(await runProcess({ tool: 'sh', args: [], cwd: gone }, { signal: never })).toMatchObject({
      kind: 'exited',
      exitCode: 126,
      stderr: `cannot start sh: the folder ${gone} does not exist\n`,
    });
    const broken = join(folder, 'broken');
    writeFileSync(broken, '#!/no/such/interpreter\n', { mode: 0o755 });
    const finished = await runProcess({ tool: broken, args: [], cwd: folder }, { signal: never });
    expect(finished).toMatchObject({ kind: 'exited' });
    expect(finished).not.toMatchObject({ exitCode: 0 });
  });

  it('reports 128 + n for a child that a signal ended', async () => {
    expect(await sh('kill -KILL $$')).toMatchObject({ kind: 'exited', exitCode: 137 });
  });

  it('ends the whole group on abort, grandchildren too, before it resolves', async () => {
    const controller = new AbortController();
    const running = sh('(sleep 300 & echo $! > grandchild; wait) & wait', controller.signal);
    const grandchild = identify(Number(await written('grandchild')));
    expect(grandchild).toBeDefined();
    controller.abort('superseded');
    expect(await running).toMatchObject({ kind: 'cancelled' });
    expect(grandchild && isAlive(grandchild)).toBe(false);
  });

  it('kills what does not listen to SIGTERM', async () => {
    const controller = new AbortController();
    const running = sh('trap "" TERM; echo $$ > pid; while :; do sleep 300; done', controller.signal, {
      graceMs: 200,
    });
    const group = Number(await written('pid'));
    controller.abort('user');
    expect(await running).toMatchObject({ kind: 'cancelled' });
    expect(isGroupAlive(group)).toBe(false);
  });

  it('lets a child clean up after SIGTERM', async () => {
    const controller = new AbortController();
    const running = sh(
      'trap "echo cleaned > done; exit 0" TERM; echo x > up; sleep 300 & wait',
      controller.signal,
    );
    await written('up');
    controller.abort('user');
    expect(await running).toMatchObject({ kind: 'cancelled' });
    expect(await written('done')).toBe('cleaned');
  });

  it('starts nothing when the signal has fired already', async () => {
    expect(await sh('echo x > ran', AbortSignal.abort('user'))).toMatchObject({ kind: 'cancelled' });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it('ends what a child leaves running in its group', async () => {
    const finished = await sh('sleep 300 & echo $! > pid; echo bye');
    expect(finished).toMatchObject({ exitCode: 0, stdout: 'bye\n' });
    expect(identify(Number(await written('pid')))).toBeUndefined();
  });

  it('does not wait for a daemon that left the group and holds the output open', async () => {
    const finished = await sh(
      'setsid sh -c "echo \\$\\$ > daemon; exec sleep 300" & until [ -s daemon ]; do sleep 0.01; done; echo bye',
    );
    const daemon = Number(await written('daemon'));
    try {
      expect(finished).toMatchObject({ exitCode: 0, stdout: 'bye\n' });
      expect(identify(daemon)).toBeDefined();
    } finally {
      process.kill(daemon, 'SIGKILL');
    }
  });

  it('keeps the last 8 MiB of a flood', async () => {
    const finished = await sh('head -c 20000000 /dev/zero | tr "\\0" x; echo; echo the end');
    expect(finished).toMatchObject({ kind: 'exited', exitCode: 0 });
    if (finished.kind !== 'exited') return;
    expect(finished.stdout.length).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(finished.stdout.endsWith('x\nthe end\n')).toBe(true);
    expect(finished.lines.at(-1)).toBe('the end');
  });
});
