/**
 * Keeps the result of a query up to date: lists, watches from there, and lists again after any loss. client-node's own
 * ListWatch stops for good at any error but 410, so this loop is ours. It never ends by itself, and never asks more
 * often than its back-off allows, whatever the server does.
 */
import type { ErrorCode } from '../../core/errors.ts';
import type { NotOk, Outcome } from '../../core/outcome.ts';
import { hasAborted, linkedAbort } from '../../support/abort.ts';
import { fieldAt, isFields, numberAt, stringAt } from '../../support/fields.ts';
import { systemClock, type Clock } from '../../support/clock.ts';
import type { FollowHandlers, KubeObject } from '../types.ts';
import { onWake } from './wake.ts';

/** The result of a list: the objects, and the version to watch from. */
export interface Listed {
  readonly objects: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** The requests. The loop decides when they happen. */
export interface FollowSource {
  list(signal: AbortSignal): Promise<Outcome<Listed>>;
  /**
   * Watches from a version on, and calls `onLine` with each line of the stream. Resolves with ok at the regular end of
   * the stream, or as failed if it could not begin or broke.
   */
  watch(resourceVersion: string, onLine: (line: string) => void, signal: AbortSignal): Promise<Outcome<void>>;
}

/** Times, in milliseconds. */
export interface FollowTiming {
  /** Shortest and longest wait before a request after a failure. It doubles each time, with jitter. */
  readonly backoffMs: readonly [number, number];
  /**
   * A watch without a byte for this long is replaced. The API server sends a bookmark about once a minute
   * (bookmarkFrequency in k8s.io/apiserver), so a longer silence means a dead connection.
   */
  readonly idleMs: number;
  /** A watch that lasted this long counts as a success: the next failure starts with the shortest wait. */
  readonly settledMs: number;
  /** Changes within this time are passed on together. */
  readonly coalesceMs: number;
}

/** The times outside tests. */
export const followTiming: FollowTiming = {
  backoffMs: [200, 5000],
  idleMs: 90_000,
  settledMs: 2000,
  coalesceMs: 20,
};

/** How one watch ended: continue from the last version seen, or list again. `ok` means no wait before that. */
type WatchEnd = 'resume' | 'list' | 'failed';

/**
 * Runs the loop until the signal aborts. Calls `onLost` when a list fails, because then the set may be out of date, and
 * again if a later list fails with another code. A watch that can be resumed or replaced at once is not a loss. `clock`
 * measures the back-off.
 */
export async function follow(
  source: FollowSource,
  handlers: FollowHandlers,
  signal: AbortSignal,
  timing: FollowTiming = followTiming,
  clock: Pick<Clock, 'sleep'> = systemClock,
): Promise<void> {
  const objects = new Map<string, KubeObject>();
  const publish = coalesced(() => handlers.onSnapshot([...objects.values()]), timing.coalesceMs, signal);
  let version: string | undefined;
  /** Why the last list failed; undefined while the set is up to date. */
  let lost: ErrorCode | 'cancelled' | undefined;
  let failures = 0;

  async function backOff(): Promise<void> {
    const [shortest, longest] = timing.backoffMs;
    const ms = Math.min(longest, shortest * 2 ** Math.min(failures, 20));
    failures += 1;
    // Jitter of half the wait, so that the services' watches do not all return at once.
    await clock.sleep(ms * (0.5 + Math.random() / 2), signal);
  }

  while (!signal.aborted) {
    if (version === undefined) {
      const listed = await source.list(signal);
      if (hasAborted(signal)) return;
      if (listed.kind !== 'ok') {
        const code = listed.kind === 'failed' ? listed.error.code : undefined;
        const why = code ?? 'cancelled';
        if (lost !== why) handlers.onLost?.(reasonOf(listed), code);
        lost = why;
        await backOff();
        continue;
      }
      version = listed.value.resourceVersion;
      objects.clear();
      for (const object of listed.value.objects) objects.set(keyOf(object), object);
      if (lost !== undefined) handlers.onRegained?.();
      lost = undefined;
      publish.now();
    }

    const began = performance.now();
    const end = await watchOnce(version);
    const settled = performance.now() - began > timing.settledMs;
    if (settled) failures = 0;
    if (end !== 'resume') version = undefined;
    // A watch that lasted and ended in the regular way is followed at once. A server that ends each one at its start is
    // not hurried.
    if (end === 'failed' || !settled) await backOff();
  }

  async function watchOnce(from: string): Promise<WatchEnd> {
    const stop = linkedAbort(signal);
    let end: WatchEnd = 'resume';
    let last = performance.now();
    const replace = (how: WatchEnd): void => {
      end = how;
      stop.abort();
    };
    const ticker = setInterval(
      () => {
        if (performance.now() - last > timing.idleMs) replace('resume');
      },
      Math.max(timing.idleMs / 6, 5),
    );
    const awake = onWake(() => replace('resume'));
    const watched = await source.watch(
      from,
      (line) => {
        last = performance.now();
        if (stop.signal.aborted) return;
        const outcome = apply(line);
        if (outcome !== undefined) replace(outcome);
      },
      stop.signal,
    );
    clearInterval(ticker);
    awake();
    stop.unlink();
    if (stop.signal.aborted || watched.kind === 'ok') return end;
    return 'failed';
  }

  /** Reads one line of a watch. Returns how the watch must end, if it must. */
  function apply(line: string): WatchEnd | undefined {
    if (line === '') return undefined;
    const event = parse(line);
    const object = fieldAt(event, 'object');
    switch (stringAt(event, 'type') ?? '') {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED': {
        if (!isKubeObject(object)) return 'failed';
        if (stringAt(event, 'type') === 'DELETED') objects.delete(keyOf(object));
        else objects.set(keyOf(object), object);
        version = object.metadata.resourceVersion ?? version;
        publish.soon();
        return undefined;
      }
      case 'BOOKMARK':
        version = stringAt(object, 'metadata', 'resourceVersion') ?? version;
        return undefined;
      case 'ERROR':
        // 410: the server no longer keeps this version. The regular answer is to list again.
        return numberAt(object, 'code') === 410 ? 'list' : 'failed';
      default:
        // The line is cut or unknown. What it said is lost, so only a new list is safe.
        return 'failed';
    }
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

function isKubeObject(value: unknown): value is KubeObject {
  return isFields(value) && typeof fieldAt(value, 'metadata', 'name') === 'string';
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function reasonOf(outcome: NotOk): string {
  return outcome.kind === 'failed' ? outcome.error.message : outcome.reason;
}

/** Calls `call` at once, but at most once in `waitMs`, and never after the signal. */
function coalesced(
  call: () => void,
  waitMs: number,
  signal: AbortSignal,
): { now: () => void; soon: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const now = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (!signal.aborted) call();
  };
  return {
    now,
    soon: () => {
      timer ??= setTimeout(now, waitMs);
    },
  };
}
