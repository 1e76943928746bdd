/**
 * Protects a build from an IDE that writes into the same output folder. Maven takes a class file that is newer than its
 * source for up to date, whoever wrote it: an IDE's class with "Unresolved compilation problem" in it, or one compiled from
 * the save before the last, would go into the image. So:
 * - Before a build, whatever differs from what the last build left makes Maven compile that module anew (force).
 * - During a build, nothing but Maven's own goals may write between the compiler and the jar (watch, check).
 * Resources that others wrote are copied anew. Files without a source of their own are left alone, as Maven does.
 */
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Goal } from './maven-log.ts';

/** A module as the guard needs it. */
export interface GuardedModule {
  readonly artifactId: string;
  readonly folder: string;
  /** Its `target`. */
  readonly output: string;
  /** Text that differs when the compiler's settings may: the poms, the JDK. Maven's own check ignores them. */
  readonly settings: string;
}

/** Path below `classes` → what changes whenever the file does. */
type Picture = ReadonlyMap<string, string>;

interface Known {
  readonly picture: Picture;
  readonly settings: string;
}

/** Goals between compiler and jar that leave `classes` as it is. Of any other one, it is assumed that it may not. */
const readOnlyGoals =
  /^(resources:testResources|compiler:testCompile|surefire:|failsafe:|jar:|source:|javadoc:|spring-boot:repackage|enforcer:|checkstyle:|pmd:|spotbugs:|spotless:check|install:)/;

/** Guards the modules of one reactor, from build to build. */
export class OutputGuard {
  readonly #known = new Map<string, Known>();
  #modules: ReadonlyMap<string, GuardedModule> = new Map();
  readonly #compiled = new Map<string, Picture>();
  #last: Goal | undefined;
  readonly #disturbed = new Set<string>();

  /**
   * Before an invocation: makes Maven compile each module whose output is not as the last build left it.
   *
   * @param all true when every module is to be compiled anew, because the last attempt was disturbed.
   */
  begin(modules: readonly GuardedModule[], all: boolean): void {
    this.#modules = new Map(modules.map((module) => [module.artifactId, module]));
    this.#compiled.clear();
    this.#disturbed.clear();
    this.#last = undefined;
    for (const module of modules) {
      const known = this.#known.get(module.folder);
      const picture = takePicture(module);
      if (
        all ||
        known === undefined ||
        known.settings !== module.settings ||
        !isEqual(known.picture, picture)
      ) {
        recompile(module, known?.picture, picture);
      }
      this.#known.delete(module.folder);
    }
  }

  /** A goal begins, so the one before it has ended. */
  goal(goal: Goal): void {
    const ended = this.#last;
    this.#last = goal;
    if (ended !== undefined) this.#ended(ended);
  }

  /** After the invocation: the folders of modules that somebody else wrote to while they were packed. */
  end(succeeded: boolean): readonly string[] {
    if (this.#last !== undefined) this.#ended(this.#last);
    if (succeeded) {
      for (const module of this.#modules.values()) {
        // What the jar was made from, not what is there by now: later writes of others are found by the next `begin`.
        const picture = this.#compiled.get(module.artifactId) ?? takePicture(module);
        this.#known.set(module.folder, { picture, settings: module.settings });
      }
    }
    return [...this.#disturbed];
  }

  #ended({ plugin, goal, module: artifactId }: Goal): void {
    const module = this.#modules.get(artifactId);
    if (module === undefined) return;
    const name = `${plugin}:${goal}`;
    if (!readOnlyGoals.test(name)) {
      this.#compiled.set(artifactId, takePicture(module));
    } else if (name === 'jar:jar') {
      const before = this.#compiled.get(artifactId);
      if (before !== undefined && !isEqual(before, takePicture(module))) this.#disturbed.add(module.folder);
    }
  }
}

/**
 * Makes maven-compiler-plugin compile the whole module: without its list of inputs it takes them for new. Copies of
 * resources that changed since `before` go, so that they are copied again.
 */
function recompile(module: GuardedModule, before: Picture | undefined, now: Picture): void {
  rmSync(join(module.output, 'maven-status'), { recursive: true, force: true });
  for (const [path, seen] of now) {
    if (path.endsWith('.class') || before?.get(path) === seen) continue;
    if (existsSync(join(module.folder, 'src', 'main', 'resources', path))) {
      rmSync(join(module.output, 'classes', path), { force: true });
    }
  }
}

function takePicture(module: GuardedModule): Picture {
  const picture = new Map<string, string>();
  const root = join(module.output, 'classes');
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) picture.set(relative(root, path), signatureOf(path));
    }
  };
  if (existsSync(root)) visit(root);
  return picture;
}

/** An IDE that writes a file anew gets another inode or another time; the size catches coarse clocks. */
function signatureOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? 'gone' : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

function isEqual(a: Picture, b: Picture): boolean {
  return a.size === b.size && [...a].every(([path, seen]) => b.get(path) === seen);
}
