/** Listens to one start of Maven: to its log, and to the listener in it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JarStages } from '../stages.ts';
import { readEvent } from './listener/events.ts';
import { compiledIn, isWorthShowing } from './log.ts';
import type { OutputGuard } from './output-guard.ts';

/** One start of Maven. */
export interface Attempt {
  readonly exitCode: number;
  /** False if a goal failed, even if Maven was told to go on (`-fn`) and its exit code is 0. */
  readonly succeeded: boolean;
  /** Its output, with what the listener said about failures that the log does not show. */
  readonly lines: readonly string[];
  /** The artifacts that it made: absolute paths by pom file. */
  readonly made: ReadonlyMap<string, readonly string[]>;
}

/** What one start of Maven says, passed on to the guard and the stages while it runs. */
export class Heard {
  readonly #guard: OutputGuard;
  readonly #stages: JarStages;
  readonly #answers: string;
  /** The wanted modules that are not packed yet. */
  readonly #unpacked: Set<string>;
  readonly #made = new Map<string, string[]>();
  readonly #said: string[] = [];
  #failed = false;

  /** @param answers folder in which Maven looks for answers */
  constructor(guard: OutputGuard, stages: JarStages, wanted: readonly string[], answers: string) {
    this.#answers = answers;
    this.#guard = guard;
    this.#stages = stages;
    this.#unpacked = new Set(wanted);
  }

  /** A line of the listener, without its mark. */
  event(text: string): void {
    const event = readEvent(text);
    switch (event?.type) {
      case 'started':
        this.#guard.started(event.goal);
        this.#answer(event.number);
        if (!packing.has(`${event.goal.plugin}:${event.goal.goal}`)) return;
        if (this.#unpacked.delete(event.goal.pom) && this.#unpacked.size === 0) this.#stages.packs();
        return;
      case 'ended':
        this.#guard.ended(event.goal);
        this.#answer(event.number);
        return;
      case 'said':
        this.#said.push(`[ERROR] ${event.line}`);
        return;
      case 'made':
        this.#made.set(event.pom, [...(this.#made.get(event.pom) ?? []), event.file]);
        return;
      case 'session':
        this.#failed = event.failed;
        return;
      case undefined:
        return;
    }
  }

  /** A line of the log. */
  line(stream: 'stdout' | 'stderr', line: string): void {
    const files = compiledIn(line);
    if (files !== undefined) this.#stages.compiling(files);
    else if (isWorthShowing(line)) this.#stages.output(stream, line);
  }

  /** Lets Maven go on. */
  #answer(number: number): void {
    if (number > 0) writeFileSync(join(this.#answers, String(number)), '');
  }

  attempt(exitCode: number, lines: readonly string[]): Attempt {
    // With `-l`, the log is in a file.
    const isShown = lines.some((line) => line.startsWith('[ERROR]'));
    if (!isShown) for (const line of this.#said) this.#stages.output('stdout', line);
    return {
      exitCode,
      succeeded: exitCode === 0 && !this.#failed,
      lines: isShown ? lines : [...lines, ...this.#said],
      made: this.#made,
    };
  }
}

/** Goals that put a module's classes into its archive. */
const packing = new Set(['jar:jar', 'war:war', 'spring-boot:repackage']);
