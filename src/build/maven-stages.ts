/**
 * Reports one build of Maven as the stages `compile` and `package`, in that order, whatever the attempts were: what was
 * begun is finished exactly once.
 */
import type { StageOutcome } from '../events.ts';
import { withoutPasswords } from './redact.ts';
import type { StageReporter } from './types.ts';

/** The stages of one build. */
export class MavenStages {
  readonly #report: StageReporter;
  #stage: 'compile' | 'package' = 'compile';
  #files = 0;

  constructor(report: StageReporter) {
    this.#report = report;
    report.started('compile');
  }

  /** The compiler takes so many files. */
  compiling(files: number): void {
    this.#files += files;
  }

  /** The last module is being packed. */
  packs(): void {
    if (this.#stage === 'package') return;
    const detail =
      this.#files === 0 ? 'nothing to compile' : `${this.#files} file${this.#files === 1 ? '' : 's'}`;
    this.#report.finished('compile', 'ok', detail);
    this.#stage = 'package';
    this.#report.started('package');
  }

  /** A line of the build tool. Repositories may be given with a password in their address. */
  output(stream: 'stdout' | 'stderr', line: string): void {
    this.#report.output(this.#stage, stream, withoutPasswords(line));
  }

  /** A line of our own. */
  note(line: string): void {
    this.#report.output(this.#stage, 'stdout', line);
  }

  /** The end, also of what has not been announced yet: a log in an unknown format shows no packing. */
  finish(outcome: StageOutcome, detail?: string): void {
    if (outcome === 'ok') this.packs();
    this.#report.finished(this.#stage, outcome, detail);
  }
}
