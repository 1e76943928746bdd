/**
 * Keeps the result of a query current: list, watch from there, and after any loss list again. client-node's own
 * ListWatch stops for good at any error but 410, so that this loop is ours. It never ends by itself, and it never asks
 * more often than its back-off allows, whatever the server does.
 */
import type { ErrorCode } from '../../core/errors.ts';
import type { NotOk, Outcome } from '../../core/outcome.ts';
import { hasAborted, linkedAbort } from '../../support/abort.ts';
import { fieldAt, isFields, numberAt, stringAt } from '../../support/fields.ts';
import { systemClock, type Clock } from '../../support/clock.ts';
import type { FollowHandlers, KubeObject } from '../types.ts';
import { onWake } from './wake.ts';

/** What a list gives: the objects and the version to watch from. */
export interface Listed {
  readonly objects: readonly KubeObject[];
  readonly resourceVersion: string;
}

/** One list or watch request; the loop owns when they happen. */
export interface FollowSource {
  list(signal: AbortSignal): Promise<Outcome<Listed>>;
  /**
   * Watches from a version on. `onLine` gets each line of the stream. Resolves at the stream's regular end, and as
   * failed where it could not begin or broke off.
   */
  watch(resourceVersion: string, onLine: (line: string) => void, signal: AbortSignal): Promise<Outcome<void>>;
}

/** Times, in milliseconds. */
export interface FollowTiming {
  /** Shortest and longest wait before a request after a failure; doubled each time, with jitter. */
  readonly backoffMs: readonly [number, number];
  /**
   * A watch without a byte for so long is replaced. The API server sends a bookmark about once a minute
   * (bookmarkFrequency in k8s.io/apiserver), so that silence for longer means a dead connection.
   */
  readonly idleMs: number;
  /** A watch that lives for so long counts as a success: the next failure starts with the shortest wait. */
  readonly settledMs: number;
  /** Changes within so long are handed on together. */
  readonly coalesceMs: number;
}

/** Times as used outside tests. */
export const followTiming: FollowTiming = {
  backoffMs: [200, 5000],
  idleMs: 90_000,
  settledMs: 2000,
  coalesceMs: 20,
};

/** How one watch ended: go on from the last version seen, or list again. `ok`: no need to wait before. */
type WatchEnd = 'resume' | 'list' | 'failed';

/**
 * Runs the loop until the signal aborts. `onLost` is called when a list fails, which is when the set is no longer
 * known to be current, and again when a later one fails with another code; a watch that can be resumed or replaced at
 * once is no loss. `clock` measures the back-off.
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
  /** Why the last list failed; undefined while the set is current. */
  let lost: ErrorCode | 'cancelled' | undefined;
  let failures = 0;

  async function backOff(): Promise<void> {
    const [shortest, longest] = timing.backoffMs;
    const ms = Math.min(longest, shortest * 2 ** Math.min(failures, 20));
    failures += 1;
    // Jitter of half the wait, so that the services' watches do not come back all at once.
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
    // A watch that lived and ended as watches do is followed up at once; a server that ends each at birth is spared.
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

  /** Takes one line of a watch in. Returns how the watch has to end, where it has to. */
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
        // 410: the version is older than what the server keeps. Listing again is the regular answer.
        return numberAt(object, 'code') === 410 ? 'list' : 'failed';
      default:
        // A line that is cut or foreign: what it would have said is unknown, so that only a list is safe.
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

/** Calls `call` at once, or at most once in `waitMs`; never after the signal. */
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
