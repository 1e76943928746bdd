/**
 * Reports one build of a build tool as the stage `compile`, or as `compile` and `package` in that order, however many
 * attempts there were. Each stage that was begun is finished exactly once.
 */
import type { Outcome } from '../../core/outcome.ts';
import { count } from '../../core/words.ts';
import { withoutPasswords } from '../../support/mask.ts';
import type { StageReporter } from '../types.ts';

/** A stage of a build tool. As the last stage of a build, it says what the build is for: classes, or jars. */
export type JarStage = 'compile' | 'package';

/** The stages of one build. */
export class JarStages {
  readonly #report: StageReporter;
  readonly #last: JarStage;
  readonly #unit: string;
  #stage: JarStage = 'compile';
  #compiled = 0;

  /** @param unit what the build tool counts: files or modules. */
  constructor(report: StageReporter, last: JarStage, unit: 'file' | 'module') {
    this.#report = report;
    this.#last = last;
    this.#unit = unit;
    report.started('compile');
  }

  /** Adds to the number of units that are compiled. */
  compiling(units: number): void {
    this.#compiled += units;
  }

  /** The last module is being packed. Does nothing in a build for classes: there, only a library is. */
  packs(): void {
    if (this.#stage === this.#last) return;
    this.#report.finished('compile', 'ok', this.#count());
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
   * Returns the outcome. `detail`: of the stage `package`.
   */
  finish<T>(outcome: Outcome<T>, detail?: string): Outcome<T> {
    if (outcome.kind === 'ok') this.packs();
    const compiled = outcome.kind === 'ok' && this.#last === 'compile';
    this.#report.finished(this.#stage, outcome.kind, compiled ? this.#count() : detail);
    return outcome;
  }

  #count(): string {
    return this.#compiled === 0 ? 'nothing to compile' : count(this.#compiled, this.#unit);
  }
}
