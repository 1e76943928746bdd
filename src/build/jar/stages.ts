/**
 * Reports one build of a build tool as the stages `compile` and `package`, in that order, however many attempts there
 * were. Each stage that was begun is finished exactly once.
 */
import type { Outcome } from '../../core/outcome.ts';
import { count } from '../../core/words.ts';
import { withoutPasswords } from '../image/transfer/redact.ts';
import type { StageReporter } from '../types.ts';

/** The stages of one build. */
export class JarStages {
  readonly #report: StageReporter;
  readonly #unit: string;
  #stage: 'compile' | 'package' = 'compile';
  #compiled = 0;

  /** @param unit what the build tool counts: files or modules. */
  constructor(report: StageReporter, unit: 'file' | 'module') {
    this.#report = report;
    this.#unit = unit;
    report.started('compile');
  }

  /** Adds to the number of units that are compiled. */
  compiling(units: number): void {
    this.#compiled += units;
  }

  /** The last module is being packed. */
  packs(): void {
    if (this.#stage === 'package') return;
    const detail = this.#compiled === 0 ? 'nothing to compile' : count(this.#compiled, this.#unit);
    this.#report.finished('compile', 'ok', detail);
    this.#stage = 'package';
    this.#report.started('package');
  }

  /** A line from the build tool. Passwords in repository addresses are removed. */
  output(stream: 'stdout' | 'stderr', line: string): void {
    this.#report.output(this.#stage, stream, withoutPasswords(line));
  }

  /** A line of our own. */
  note(line: string): void {
    this.#report.output(this.#stage, 'stdout', line);
  }

  /**
   * Ends the stages, including one that was never announced, because a log in an unknown format shows no packing.
   * Returns the outcome.
   */
  finish<T>(outcome: Outcome<T>, detail?: string): Outcome<T> {
    if (outcome.kind === 'ok') this.packs();
    this.#report.finished(this.#stage, outcome.kind, detail);
    return outcome;
  }
}
