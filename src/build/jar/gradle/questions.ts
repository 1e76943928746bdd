/** Asks builds about themselves by having Gradle configure them: never twice at a time, and not without need. */
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { KnownModel } from './answers.ts';
import type { GradleBuild } from './build.ts';
import { explain } from './explain.ts';
import { invokeGradle, type InvokeParts } from './invoke.ts';
import type { GradleModel } from './model.ts';

/** What the questions need. */
export interface QuestionParts extends InvokeParts {
  /** Folder of appdev.yaml; file names are relative to it. */
  readonly projectRoot: string;
  /** Called with a message for the user about work outside of any stage. */
  readonly tell: (message: string) => void;
}

/** The questions of one session. */
export class GradleQuestions {
  readonly #parts: QuestionParts;
  readonly #closing = new AbortController();
  /** Running questions, by root. Two clients at a time would need two daemons. */
  readonly #asking = new Map<string, Promise<Outcome<KnownModel>>>();
  /** State of the build files at the last failed question, by root. It would fail again until they change. */
  readonly #unanswered = new Map<string, string>();

  constructor(parts: QuestionParts) {
    this.#parts = parts;
  }

  /**
   * Asks at once. For whoever holds the build's lock. Fails with SOURCE_BUILD_FAILED if the build cannot be
   * configured, or as `runGradle` does.
   */
  async ask(
    build: GradleBuild,
    services: string,
    signal: AbortSignal,
    note: (line: string) => void,
  ): Promise<Outcome<KnownModel>> {
    const { projectRoot } = this.#parts;
    const question = { tasks: [':help'], asks: true, tryOffline: false, onLine: () => undefined, note };
    const invoked = await invokeGradle(this.#parts, build, question, signal);
    if (invoked.kind !== 'ok') return invoked;
    const { result, answer } = invoked.value;
    if (result.exitCode !== 0) return await explain({ projectRoot, root: build.root, services }, result);
    if (answer !== undefined) return ok(answer);
    return failed(
      'SOURCE_BUILD_FAILED',
      `${services}: the build in ${build.root} does not say what it makes`,
      {
        hint: 'appdev asks by an init script that needs Gradle 4.4 or newer: update the wrapper',
      },
    );
  }

  /**
   * The current model of a service's build. Asks if the build files have changed. Fails as `ask` does, or with
   * SOURCE_CHANGED if the build runs.
   *
   * @param isBuilding tells whether this session builds there. The scan that asks may be what cancels that build, so it
   *   cannot wait for it. It asks again later.
   */
  async modelOf(
    build: GradleBuild,
    service: string,
    isBuilding: () => boolean,
  ): Promise<Outcome<GradleModel>> {
    const { root, asked } = build;
    const { answers } = this.#parts;
    const last = await answers.last(asked);
    const current = await answers.current(asked);
    if (current !== undefined) return ok(current.model);
    if (isBuilding()) return failed('SOURCE_CHANGED', `the build files of ${root} changed during its build`);
    const state = last === undefined ? undefined : answers.stateOf(last.model, asked);
    if (state !== undefined && this.#unanswered.get(root) === state) {
      return failed('SOURCE_BUILD_FAILED', `the build in ${root} cannot be configured`);
    }
    const known = await this.#askOnce(build, service, last === undefined);
    if (known.kind === 'ok') return ok(known.value.model);
    if (known.kind === 'failed' && state !== undefined) this.#unanswered.set(root, state);
    return known;
  }

  /** Resolves when no question of `modelOf` runs there. */
  async settled(root: string): Promise<void> {
    await this.#asking.get(root);
  }

  /** Ends the questions of `modelOf` that still run. Call once, at the end of the session. */
  async close(): Promise<void> {
    this.#closing.abort('shutdown');
    await Promise.allSettled(this.#asking.values());
  }

  /** Two callers at the same time get one answer. */
  async #askOnce(build: GradleBuild, services: string, isFirst: boolean): Promise<Outcome<KnownModel>> {
    const running = this.#asking.get(build.root);
    if (running !== undefined) return await running;
    // The first question starts a daemon, and Gradle may first download itself and its plugins.
    if (isFirst) this.#parts.tell(`asking Gradle what the build in ${build.root} makes`);
    const question = this.ask(build, services, this.#closing.signal, () => undefined);
    this.#asking.set(build.root, question);
    try {
      return await question;
    } finally {
      this.#asking.delete(build.root);
    }
  }
}
