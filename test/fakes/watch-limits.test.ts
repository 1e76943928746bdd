/** Watching when the kernel does not play along: exhausted limits, other users' folders, polling; and what it costs. */
import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeSnapshot } from '../../src/watch/snapshot.ts';
import type { Wake } from '../../src/watch/types.ts';
import { walk } from '../../src/watch/walk.ts';
import { createWatcher } from '../../src/watch/watcher.ts';
import { until } from '../support/wait.ts';

let folder: string;
let program: string;
let root: string;
const children: ChildProcess[] = [];
const isRoot = process.getuid?.() === 0;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'appdev-limits-')));
  chmodSync(folder, 0o755);
  program = join(folder, 'watch-program.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../support/watch-program.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
    banner: { js: "import { createRequire as c } from 'node:module'; const require = c(import.meta.url);" },
  });
});
beforeEach(() => {
  root = mkdtempSync(join(folder, 'tree-'));
  chmodSync(root, 0o755);
  for (let index = 0; index < 10; index += 1) {
    mkdirSync(join(root, `f${index}`));
    writeFileSync(join(root, `f${index}`, 'A.java'), 'class A {}');
  }
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly wake?: Wake;
  readonly notice?: string;
  readonly hint?: string;
  readonly mode?: { readonly mode: string; readonly reason?: string };
  readonly files?: readonly (readonly [string, string])[];
  readonly notes?: readonly { readonly path: string; readonly why: string }[];
}

function run(
  tool: string,
  args: readonly string[],
  options: { readonly uid?: number; readonly gid?: number } = {},
) {
  const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  children.push(child);
  const lines: Line[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line));
  return { child, lines };
}

/** Runs the program with a limit of its own: limits of a user namespace need no privilege and disturb nobody. */
function withLimit(name: string, limit: number) {
  const script = `echo ${limit} > /proc/sys/user/${name} && exec "$0" "$@"`;
  return run('unshare', ['-Ur', 'sh', '-c', script, process.execPath, program, 'watch', root]);
}

describe('a limit that is reached', () => {
  it.each([
    ['max_inotify_watches', 4, 'mixed', /max_user_watches=/],
    ['max_inotify_instances', 0, 'polling', /max_user_instances=/],
  ])('%s: the rest is polled, which is said once with what to type', async (name, limit, mode, hint) => {
    const { child, lines } = withLimit(name, limit);
    const started = await until('the watcher', () => lines.find((line) => line.mode !== undefined));
    expect(started.mode).toMatchObject({ mode });
    const notices = lines.filter((line) => line.notice !== undefined);
    expect(notices).toHaveLength(1);
    expect(notices[0]?.hint).toMatch(hint);
    await until('a poll', () => lines.some(({ wake }) => wake?.polled === true));
    const seen = lines.length;
    child.stdin.write('x');
    await until('a wake after a write', () => lines.slice(seen).some(({ wake }) => wake !== undefined));
  });
});

describe('polling', () => {
  it('of everything, if it is asked for, wakes again and again', async () => {
    const { lines } = run(process.execPath, [program, 'poll', root]);
    await until(
      'three polls',
      () => lines.filter(({ wake }) => wake?.all === true && wake.polled).length >= 3,
    );
    expect(lines.find((line) => line.mode !== undefined)?.mode).toMatchObject({ mode: 'polling' });
    expect(lines.filter((line) => line.notice !== undefined)).toEqual([]);
  });

  it('beside events, on a file system where some never arrive; said once', async () => {
    const wakes: Wake[] = [];
    const notices: string[] = [];
    const watcher = createWatcher({
      onWake: (wake) => wakes.push(wake),
      notice: (message) => notices.push(message),
      eventlessType: (path) => (path.endsWith('f3') || path.endsWith('f4') ? '9p' : undefined),
      pollMs: () => 20,
      pollAll: false,
    });
    const { folders } = await walk([{ path: root, skip: () => false }]);
    await watcher.watch(folders);
    expect(watcher.mode()).toEqual({ mode: 'mixed', reason: '9p' });
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('9p');
    await until('a poll', () => wakes.some(({ polled }) => polled));
    writeFileSync(join(root, 'f3', 'A.java'), 'class B {}');
    await until('an event', () => wakes.some(({ paths }) => paths.includes(join(root, 'f3', 'A.java'))));
    // Polling ends with the last folder that needed it.
    await watcher.watch(new Map([...folders].filter(([path]) => !/f[34]$/.test(path))));
    expect(watcher.mode()).toEqual({ mode: 'events' });
    await watcher.close();
  });
});

describe.skipIf(!isRoot)('folders and files of someone else', () => {
  it('are left out with a note, and the rest is read', async () => {
    chmodSync(join(root, 'f1'), 0o700);
    chmodSync(join(root, 'f2', 'A.java'), 0o600);
    const { lines } = run(process.execPath, [program, 'scan', root], { uid: 65_534, gid: 65_534 });
    const { files = [], notes = [] } = await until('the scan', () => lines[0]);
    expect(notes).toEqual([{ path: join(root, 'f1'), why: 'unreadable' }]);
    expect(files).toHaveLength(9);
    expect(new Map(files).get(join(root, 'f2', 'A.java'))).toBe('unreadable');
  });
});

describe('the watcher', () => {
  const quiet = {
    notice: () => undefined,
    eventlessType: () => undefined,
    pollMs: () => 1_000,
    pollAll: false,
  };

  it('wakes once for a burst, with the paths, or with "all" when there are too many', async () => {
    const wakes: Wake[] = [];
    const { folders } = await walk([{ path: root, skip: () => false }]);
    const watcher = createWatcher({ ...quiet, onWake: (wake) => wakes.push(wake) });
    expect(await watcher.watch(folders)).toBe(folders.size);
    expect(await watcher.watch(folders)).toBe(0);
    writeFileSync(join(root, 'f0', 'A.java'), 'x');
    await until('a wake', () => wakes.length > 0);
    expect(wakes[0]).toEqual({ paths: [join(root, 'f0', 'A.java')], all: false, polled: false });
    wakes.length = 0;
    for (let index = 0; index < 3_000; index += 1) writeFileSync(join(root, 'f1', `B${index}.java`), 'x');
    await until('a wake for all', () => wakes.some(({ all }) => all));
    expect(wakes.length).toBeLessThan(100);
    await watcher.close();
    wakes.length = 0;
    const others: Wake[] = [];
    const other = createWatcher({ ...quiet, onWake: (wake) => others.push(wake) });
    await other.watch(folders);
    writeFileSync(join(root, 'f0', 'A.java'), 'y');
    await until('the other to hear of it', () => others.length > 0);
    expect(wakes).toEqual([]);
    await other.close();
  });

  it('needs one watch a folder and none a file', async () => {
    for (let index = 0; index < 200; index += 1) writeFileSync(join(root, 'f0', `C${index}.java`), 'x');
    const { lines } = withLimit('max_inotify_watches', 14);
    const started = await until('the watcher', () => lines.find((line) => line.mode !== undefined));
    // The root, its parent and ten folders.
    expect(started.mode).toEqual({ mode: 'events' });
  });
});

describe('a large tree', () => {
  it('is read once; a second look reads no content', async () => {
    for (let index = 0; index < 500; index += 1)
      writeFileSync(join(root, 'f5', `D${index}.java`), `class D${index} {}`);
    const later = Date.now() + 3_600_000;
    const first = await takeSnapshot(
      (await walk([{ path: root, skip: () => false }])).files,
      new Map(),
      later,
    );
    const second = await takeSnapshot((await walk([{ path: root, skip: () => false }])).files, first, later);
    for (const [path, entry] of second) expect(entry).toBe(first.get(path));
  });
});
