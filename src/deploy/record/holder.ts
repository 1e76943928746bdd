/**
 * Tells whether the helm process that left a release pending is still alive. Every helm that appdev starts carries a
 * mark in its environment, and the release record carries the same mark. If the host that made the mark has no process
 * with it, nobody holds the release any more. The mark names the host, so another host cannot draw that conclusion.
 */
import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { environmentOf, processIds } from '../../support/process/proc.ts';
import type { RunProcess } from '../../support/process/process.ts';

/** Environment variable that holds a helm process's mark. */
export const holderVariable = 'APPDEV_HOLDER';

/** What is known about the process behind a mark. `unknown`: this machine cannot tell. */
export type HolderState = 'alive' | 'gone' | 'unknown';

/** Makes marks, and tells what became of the process behind one. */
export interface Holders {
  /** A new mark, unique to one helm run; a valid label value. */
  mark(): Promise<string>;
  stateOf(mark: string): Promise<HolderState>;
}

/** Returns the marks of this appdev process. `run` calls `ps` on systems without /proc. */
export function createHolders(run: RunProcess): Holders {
  let host: Promise<string> | undefined;
  let count = 0;
  const here = async (): Promise<string> => await (host ??= hostMark());
  return {
    async mark() {
      count += 1;
      // The pid and start time alone would be the same for two helms of one appdev.
      return `${await here()}.${process.pid}.${Math.round(performance.timeOrigin).toString(36)}.${count}`;
    },
    async stateOf(mark) {
      if (mark.split('.')[0] !== (await here())) return 'unknown';
      const needle = `${holderVariable}=${mark}`;
      // Environments of other users' processes cannot be read, and those processes cannot be ours.
      const found =
        process.platform === 'linux'
          ? processIds().some((pid) => environmentOf(pid).includes(needle))
          : await psFinds(run, needle);
      if (found === undefined) return 'unknown';
      return found ? 'alive' : 'gone';
    },
  };
}

/**
 * Identifies the set of processes that this process can see: the host, the user, and on Linux the pid namespace. So a
 * container does not take processes outside it for gone, nor one user those of another.
 */
async function hostMark(): Promise<string> {
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  const hash = createHash('sha256').update(
    JSON.stringify([hostname(), machine.trim(), namespace, process.getuid?.()]),
  );
  return `h${hash.digest('hex').slice(0, 12)}`;
}

/**
 * The same through `ps`, whose option -E appends the environment on macOS and the BSDs. Undefined if it cannot tell, as
 * on Windows.
 */
async function psFinds(run: RunProcess, needle: string): Promise<boolean | undefined> {
  if (process.platform === 'win32') return undefined;
  const { signal } = new AbortController();
  const listed = await run({ tool: 'ps', args: ['-axwwE', '-o', 'command='], cwd: '/' }, { signal });
  if (listed.kind !== 'exited' || listed.exitCode !== 0) return undefined;
  return listed.stdout.split(/[\n ]/).includes(needle);
}
