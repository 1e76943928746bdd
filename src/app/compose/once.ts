/** What the one-shot commands share: what they hand to the loop's work, and how they end. */
import type { WorkContext } from '../../build/types.ts';
import { ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { writtenOnce } from '../../loop/work/written.ts';
import type { OnceOptions } from '../../loop/once/once.ts';
import { monotonicClock } from '../../support/clock.ts';
import { createScanner } from '../../watch/scanner.ts';
import type { Session } from '../session.ts';
import type { Work } from './work.ts';

/** Makes the options for all services of the session. */
export function onceOptions({ project, services, emit, signals }: Session, work: Work): OnceOptions {
  const { parts, testsRun, records, toolchain } = work;
  const config = { ...project.config, services };
  const scanner = createScanner({
    config,
    jarBuilder: parts.jarBuilder,
    testsRun,
    now: Date.now,
    // A file that cannot be an input is worth a message if someone watches. A pipeline has the build's own errors.
    note: () => undefined,
    toolchain,
    target: parts.target,
  });
  return {
    services,
    images: project.config.services,
    parts: { ...parts, projectRoot: config.root, scanner, records, written: writtenOnce, testsRun },
    emit,
    now: () => monotonicClock.now(),
    signal: signals.shutdown,
    reason: 'start',
  };
}

/**
 * The first failure in the given order; or else a cancellation, if there is one; or else success. The other failures are
 * not repeated, because the events of their services have already shown them.
 */
export function firstFailure(outcomes: Iterable<Outcome<unknown>>): Outcome<void> {
  let cancelled: NotOk | undefined;
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') return outcome;
    if (outcome.kind === 'cancelled') cancelled ??= outcome;
  }
  return cancelled ?? ok(undefined);
}

/** A context for work outside of a run. It reports nothing, and is cancelled by the signal. */
export function quietContext(signal: AbortSignal): WorkContext {
  const none = (): void => undefined;
  return { signal, report: { started: none, output: none, finished: none, warn: none } };
}
