/**
 * The process groups that this session started and that may still run. Ends one group for good, or all of them at once.
 * Detached children get neither the terminal's Ctrl-C nor any clean-up by Node, so whoever starts one registers it here.
 */
import { isGroupAlive } from './proc.ts';

const live = new Set<number>();
let exitHandled = false;

/** Remembers a group until `releaseGroup`. When this process exits before that, the group is killed. */
export function registerGroup(group: number): void {
  if (!exitHandled) {
    exitHandled = true;
    // Also after an uncaught exception: Node still emits `exit`.
    process.on('exit', () => {
      killAllChildren('SIGKILL');
    });
  }
  live.add(group);
}

/** Forgets a group that is dead. */
export function releaseGroup(group: number): void {
  live.delete(group);
}

/** Whether this group is one of those. */
export function isRegistered(group: number): boolean {
  return live.has(group);
}

/** Whether a registered group may still run. */
export function hasChildren(): boolean {
  return live.size > 0;
}

/** Sends a signal to every registered group, without waiting. For the second Ctrl-C and for the exit of this process. */
export function killAllChildren(signal: NodeJS.Signals): void {
  for (const group of live) signalGroup(group, signal);
}

/**
 * Ends a process group: SIGTERM, after `graceMs` SIGKILL. Resolves once no member runs any more, which a process in
 * uninterruptible sleep may delay without limit.
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
    // Windows has no process groups: there the child alone is ended.
    process.kill(process.platform === 'win32' ? group : -group, signal);
  } catch {
    // Dead already, or (EPERM) partly of another user: isGroupAlive tells.
  }
}
