/**
 * Keeps a list of the process groups that this session started and that may still run, and ends one group or all of them.
 * Detached children do not get the terminal's Ctrl-C, and Node does not clean them up. So every child is registered here.
 */
import { isGroupAlive } from './proc.ts';

const live = new Set<number>();
let exitHandled = false;

/** Registers a group, given by its process group id. If this process exits before `releaseGroup`, the group is killed. */
export function registerGroup(group: number): void {
  if (!exitHandled) {
    exitHandled = true;
    // Node emits `exit` after an uncaught exception too.
    process.on('exit', () => {
      killAllChildren('SIGKILL');
    });
  }
  live.add(group);
}

/** Removes a group from the list after it is dead. */
export function releaseGroup(group: number): void {
  live.delete(group);
}

/** True if the group is registered. */
export function isRegistered(group: number): boolean {
  return live.has(group);
}

/** True if at least one group is registered. */
export function hasChildren(): boolean {
  return live.size > 0;
}

/** Sends a signal to every registered group and does not wait. For the second Ctrl-C and the exit of this process. */
export function killAllChildren(signal: NodeJS.Signals): void {
  for (const group of live) signalGroup(group, signal);
}

/**
 * Ends a process group with SIGTERM, and with SIGKILL after `graceMs` milliseconds. Resolves when no member runs. A
 * process in uninterruptible sleep can delay that without limit.
 */
export async function endGroup(group: number, graceMs: number): Promise<void> {
  signalGroup(group, 'SIGTERM');
  const killAt = performance.now() + graceMs;
  let killed = false;
  for (let pauseMs = 5; isGroupAlive(group); pauseMs = Math.min(50, pauseMs * 1.5)) {
    if (!killed && performance.now() >= killAt) {
      killed = true;
      signalGroup(group, 'SIGKILL');
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    // Windows has no process groups, so only the child itself is ended there.
    process.kill(process.platform === 'win32' ? group : -group, signal);
  } catch {
    // The group is already dead, or (EPERM) has members of another user. isGroupAlive finds out.
  }
}
