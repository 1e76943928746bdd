/**
 * Runs one build through its pod: creates it, sends the context, follows its log, reads the result, and always removes
 * it at the end. Knows nothing about images.
 */
import { createReadStream } from 'node:fs';
import { refOf, type Cluster, type KubeObject } from '../../../cluster/types.ts';
import type { AppdevError } from '../../../core/errors.ts';
import { cancelled, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { hasAborted, linkedAbort } from '../../../support/abort.ts';
import { systemClock } from '../../../support/clock.ts';
import { maxLineLength, stripEscapes } from '../../../support/process/lines.ts';
import {
  buildFailed,
  contextNotSent,
  lost,
  nameTaken,
  noDigest,
  notCreated,
  notStarted,
  saysContextCut,
  type BuildSubject,
} from './errors.ts';
import { executorContainer, ownedBy } from './pod.ts';
import { followPod, type PodStates } from './follow.ts';
import { remove, removeBuild } from './remove.ts';
import type { PodState } from './state.ts';

/** Times, in milliseconds. */
export interface PodTiming {
  /** How long a pod may stay without a node. A cluster that grows on demand needs minutes. */
  readonly unschedulableMs: number;
  /** How long pulling the executor may fail before the build fails. A registry's short outage passes. */
  readonly pullMs: number;
  /** How long the log may take to end after its container. */
  readonly logMs: number;
  /** How long a pod may take to be gone. */
  readonly goneMs: number;
}

/** The times outside tests. */
export const podTiming: PodTiming = { unschedulableMs: 180_000, pullMs: 45_000, logMs: 5000, goneMs: 45_000 };

/** One build. */
export interface PodRun {
  readonly cluster: Pick<Cluster, 'attach' | 'create' | 'follow' | 'logs' | 'remove'>;
  readonly subject: BuildSubject;
  readonly pod: KubeObject;
  /** Created after the pod and owned by it. The node waits for it. */
  readonly secret?: KubeObject;
  /** Path of the gzipped tar. */
  readonly context: string;
  /** Called with a line of the executor's log, or with what keeps it from starting. */
  readonly onLine: (line: string) => void;
  readonly timing: PodTiming;
}

/** How many lines of the log are kept for messages. */
const keptLines = 60;

/** The result of a build. */
export interface PodBuild {
  /** The digest that the executor reports. Not confirmed yet. */
  readonly digest: string;
  /** Set if the push failed because the tag already exists: the reason. */
  readonly taken?: AppdevError;
}

/** Runs the build. Removes its pod in every case. */
export async function runBuildPod(run: PodRun, signal: AbortSignal): Promise<Outcome<PodBuild>> {
  if (signal.aborted) return cancelled(signal);
  const { cluster, subject, pod, secret, timing } = run;
  const ref = refOf(pod);
  // Not cancelled in the middle, because then nobody could know whether the object was created.
  const made = await cluster.create(pod, new AbortController().signal);
  if (made.kind === 'cancelled') return made;
  if (made.kind === 'failed') {
    // Refused, so there is no pod. After any other failure there may be one.
    if (made.error.code !== 'CLUSTER_DENIED')
      await removeBuild(cluster, ref, { ended: false, goneMs: timing.goneMs });
    return notCreated(subject, made.error);
  }
  if (made.value === 'exists') return nameTaken(subject);
  const login = secret === undefined ? undefined : ownedBy(secret, made.value);
  const watching = linkedAbort(signal);
  let ended = false;
  try {
    if (login !== undefined) {
      const written = await cluster.create(login, new AbortController().signal);
      if (written.kind !== 'ok') return written;
    }
    if (hasAborted(signal)) return cancelled(signal);
    const states = followPod(cluster, ref, watching.signal);
    const started = await untilStarted(run, states, watching.signal);
    if (hasAborted(signal)) return cancelled(signal);
    if (started.kind === 'failed') return started;
    const outcome = await build(run, states, watching.signal);
    ended = states.latest()?.kind === 'ended';
    return hasAborted(signal) ? cancelled(signal) : outcome;
  } finally {
    watching.abort();
    watching.unlink();
    await removeBuild(cluster, ref, { ended, goneMs: timing.goneMs });
    if (login !== undefined) await remove(cluster, refOf(login), timing.goneMs);
  }
}

/**
 * Waits until the container runs, or has already run. Says what it is waiting for, and gives up if waiting cannot help.
 */
async function untilStarted(run: PodRun, states: PodStates, signal: AbortSignal): Promise<Outcome<void>> {
  const { subject, timing, onLine } = run;
  const patience = linkedAbort(signal);
  let trouble: Extract<PodState, { kind: 'pending' }>['trouble'];
  let timer: NodeJS.Timeout | undefined;
  const outcome = await states.until<Outcome<void>>((state) => {
    if (state.kind === 'running' || state.kind === 'ended') return ok(undefined);
    if (state.kind === 'lost') return lost(subject, state);
    if (state.trouble?.final === true) return notStarted(subject, state.trouble);
    if (state.trouble?.what !== trouble?.what) {
      clearTimeout(timer);
      const ms = state.trouble?.what === 'unschedulable' ? timing.unschedulableMs : timing.pullMs;
      if (state.trouble !== undefined) {
        onLine(`waiting for the build pod: ${state.trouble.message}`);
        timer = setTimeout(() => patience.abort(), ms);
      }
    }
    trouble = state.trouble;
    return undefined;
  }, patience.signal);
  clearTimeout(timer);
  patience.unlink();
  if (outcome !== undefined) return outcome;
  return trouble === undefined || signal.aborted ? cancelled(signal) : notStarted(subject, trouble);
}

async function build(run: PodRun, states: PodStates, signal: AbortSignal): Promise<Outcome<PodBuild>> {
  const { cluster, subject, timing } = run;
  const { namespace, pod } = subject;
  const target = { namespace, pod, container: executorContainer };
  const lines: string[] = [];
  const listening = linkedAbort(signal);
  const feeding = linkedAbort(signal);
  try {
    const log = cluster.logs(
      { ...target, follow: true },
      (raw) => {
        // As for any tool: a line that a RUN prints may be long, and it is searched for reasons.
        const line = stripEscapes(raw.slice(0, maxLineLength));
        lines.push(line);
        if (lines.length > keptLines) lines.shift();
        run.onLine(line);
      },
      listening.signal,
    );
    const fed = cluster.attach(target, contextStream(run.context), feeding.signal);
    const broke = fed.then((outcome) => (outcome.kind === 'failed' ? outcome : undefined));
    const end = await untilEnded(states, broke, timing, signal);
    if (signal.aborted) return cancelled(signal);
    // The log's stream ends a moment after the container.
    await Promise.race([log, systemClock.sleep(timing.logMs, listening.signal)]);
    if ('error' in end) return contextNotSent(subject, end.error);
    if (end.kind === 'lost') return lost(subject, end);
    const digest = /^sha256:[0-9a-f]{64}$/.exec(end.message.trim())?.[0];
    // The executor writes the digest before it pushes, so a digest beside a failure means nothing.
    const said = lines.length > 0 || digest !== undefined ? lines : end.message.split('\n');
    if (end.exitCode !== 0) {
      const broken = await Promise.race([broke, Promise.resolve(undefined)]);
      if (broken?.kind === 'failed' && saysContextCut(said)) return contextNotSent(subject, broken.error);
      const failure = buildFailed(subject, end, said);
      if (failure.kind !== 'failed' || failure.error.code !== 'TAG_IMMUTABLE') return failure;
      return digest === undefined ? failure : ok({ digest, taken: failure.error });
    }
    return digest === undefined ? noDigest(subject, end.message) : ok({ digest });
  } finally {
    feeding.abort();
    feeding.unlink();
    listening.abort();
    listening.unlink();
  }
}

type End = Extract<PodState, { kind: 'ended' | 'lost' }> | Extract<NotOk, { kind: 'failed' }>;

/**
 * The pod's end. If the container does not end by itself soon after the connection broke, the broken connection
 * instead.
 */
async function untilEnded(
  states: PodStates,
  broke: Promise<Extract<NotOk, { kind: 'failed' }> | undefined>,
  timing: PodTiming,
  signal: AbortSignal,
): Promise<End> {
  const waiting = linkedAbort(signal);
  const broken = broke.then(async (failure) => {
    if (failure === undefined) return await new Promise<never>(() => undefined);
    await systemClock.sleep(timing.logMs, waiting.signal);
    return failure;
  });
  const ended = states.until<End>(
    (state) => (state.kind === 'ended' || state.kind === 'lost' ? state : undefined),
    waiting.signal,
  );
  const end = await Promise.race([ended, broken]);
  waiting.abort();
  waiting.unlink();
  return end ?? { kind: 'lost', reason: 'Cancelled', message: '' };
}

function contextStream(file: string): AsyncIterable<Buffer> {
  return createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>;
}
