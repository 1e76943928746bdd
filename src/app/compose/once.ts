/** What the one-shot commands hand to the loop's work. */
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
