/**
 * Makes sure that a module's jar is made from its sources alone, whatever was in its `target` before and whoever writes
 * there during the build. Examples: an IDE's class with "Unresolved compilation problem" in it, a class whose source is
 * gone, the resources of another branch.
 * - Before a build, what may be out of date is removed (begin; the rules are in output-clearing.ts).
 * - During a build, only Maven's own goals may write to `target/classes` (started, ended, end). A jar counts as made when
 *   it is packed, classes when Maven ends. What someone else writes while javac itself runs cannot be told from javac's
 *   own files.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { changesBetween, takeInputPicture, takePicture, type FilePicture } from '../file-picture.ts';
import { effectOf } from './goals.ts';
import type { Goal } from './listener/events.ts';
import {
  archivesIn,
  clear,
  clearingFor,
  type LastBuild,
  type Makes,
  type OutputPlace,
} from './output-clearing.ts';

/** A module as the guard needs it. */
export interface GuardedModule extends OutputPlace {
  /** Absolute path of its pom file. */
  readonly pom: string;
  readonly folder: string;
  /** Text that differs if the compiler's settings may differ: the poms, the JDK. Maven's own check ignores them. */
  readonly settings: string;
  /** Absolute files and folders that its output is made from, including those of the modules it needs. */
  readonly inputs: readonly string[];
}

/** A module in the running build. */
interface Guarded {
  readonly module: GuardedModule;
  readonly inputs: FilePicture;
  readonly copies: Set<string>;
  makes: Makes;
  /** `target/classes` after the last goal that may write there. */
  classes: FilePicture;
  last?: Goal;
  isCompiled: boolean;
  isDisturbed: boolean;
}

/** Guards the modules of one reactor, from build to build. */
export class OutputGuard {
  readonly #ended = new Map<string, LastBuild>();
  #guarded: ReadonlyMap<string, Guarded> = new Map();

  /**
   * Call before an invocation. Removes what may be out of date in the modules' output. Fails with SOURCE_BUILD_FAILED
   * if that is not permitted.
   *
   * @param again true if the last attempt was disturbed.
   */
  async begin(modules: readonly GuardedModule[], again: boolean): Promise<Outcome<void>> {
    const outputs = new Set(modules.map(({ output }) => output));
    const guarded = new Map<string, Guarded>();
    this.#guarded = guarded;
    for (const module of modules) {
      const known = this.#ended.get(module.folder);
      // Until this build ends, whatever stops it, nothing is known.
      this.#ended.delete(module.folder);
      const last = again && known !== undefined ? disturbed(known) : known;
      const inputs = takeInputPicture(module.inputs, outputs);
      const clearing = clearingFor(last, { settings: module.settings, inputs, output: takeOutput(module) });
      const copies = clearing === 'nothing' || clearing === 'class-files' ? last?.copies : undefined;
      const cleared = await clear(module, clearing, last?.copies ?? new Set());
      if (cleared.kind !== 'ok') return cleared;
      guarded.set(module.pom, {
        module,
        inputs,
        copies: new Set(copies),
        makes: last?.settings === module.settings ? last.makes : 'nothing else',
        classes: takeClasses(module),
        isCompiled: false,
        isDisturbed: false,
      });
    }
    return ok(undefined);
  }

  /** Call when a goal begins, and before it does anything. */
  started(goal: Goal): void {
    const guarded = this.#guarded.get(goal.pom);
    if (guarded === undefined) return;
    guarded.last = goal;
    const effect = effectOf(goal);
    if (effect === 'unknown') guarded.makes = 'unknown';
    if (effect === 'generates' && guarded.makes === 'nothing else') guarded.makes = 'generated';
    if (effect === 'compiles' && !guarded.isCompiled) {
      guarded.isCompiled = true;
      if (guarded.makes === 'nothing else' && hasStrangers(guarded)) guarded.isDisturbed = true;
    }
  }

  /** Call when a goal has ended, in whatever way, and before the next one of its module begins. */
  ended(goal: Goal): void {
    const guarded = this.#guarded.get(goal.pom);
    if (guarded === undefined) return;
    const effect = effectOf(goal);
    if (effect === 'none') {
      const isPacked = goal.plugin === 'jar' && goal.goal === 'jar';
      if (isPacked && wasWritten(guarded)) guarded.isDisturbed = true;
      return;
    }
    const classes = takeClasses(guarded.module);
    if (effect === 'copies')
      for (const path of changesBetween(guarded.classes, classes)) guarded.copies.add(path);
    guarded.classes = classes;
  }

  /** Call after the invocation. Returns the folders of classes that someone else wrote to during the build. */
  end(succeeded: boolean): readonly string[] {
    const modules = [...this.#guarded.values()];
    for (const guarded of modules) {
      // Later writes are in no jar, but they are among the classes.
      // Nothing is known of a module that Maven did not reach.
      const isKnown = succeeded && guarded.last !== undefined;
      if (isKnown && !guarded.module.withJars && wasWritten(guarded)) guarded.isDisturbed = true;
    }
    for (const { module, inputs, copies, makes, classes, last, isDisturbed } of modules) {
      this.#ended.set(module.folder, {
        settings: module.settings,
        inputs,
        copies,
        makes,
        // Compares with what the jar was made from, not with what is there now: the next `begin` finds later writes.
        ...(succeeded && !isDisturbed ? { output: withArchives(classes, module) } : {}),
        isHalfGenerated: !succeeded && last !== undefined && effectOf(last) === 'generates',
        isPacked: module.withJars,
      });
    }
    return modules.filter(({ isDisturbed }) => isDisturbed).map(({ module }) => module.classes);
  }
}

/** True if someone wrote to the classes after the last goal that may. */
function wasWritten({ module, classes }: Guarded): boolean {
  return changesBetween(classes, takeClasses(module)).length > 0;
}

/** True if class files that are not resources appeared, changed or disappeared before javac ran. */
function hasStrangers({ module, classes, copies }: Guarded): boolean {
  const written = [...changesBetween(classes, takeClasses(module)), ...copies];
  return written.some((path) => {
    const name = relative(module.classes, path);
    return path.endsWith('.class') && !existsSync(join(module.folder, 'src', 'main', 'resources', name));
  });
}

/** The last build after an attempt that others disturbed: none of its files can be trusted. */
function disturbed({ output: _output, ...last }: LastBuild): LastBuild {
  return { ...last, isHalfGenerated: true };
}

function takeOutput(module: GuardedModule): FilePicture {
  return withArchives(takeClasses(module), module);
}

function withArchives(classes: FilePicture, { output }: GuardedModule): FilePicture {
  return new Map([...classes, ...takePicture(archivesIn(output))]);
}

function takeClasses({ classes }: GuardedModule): FilePicture {
  return takePicture([classes]);
}
