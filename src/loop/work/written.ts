/**
 * Tells files that a build itself writes into its inputs (a version stamp in src/main/resources, a front end's
 * bundle) from files that someone saved during the build. The first kind would make the loop build for ever. The
 * second kind must never count as built. Nothing tells the two apart at once, so the first times count as saves:
 * - Content that changed in a file that git keeps is a save twice, and the build starts again at once. The third build
 *   in a row is let run to its end. If it has changed the file too, it is held: it has failed, and nothing is built until
 *   the next save. So no save is ever taken for built, and the loop comes to rest.
 * - Content that changed in a git-ignored file is a save twice. If the third build in a row changes it, the build
 *   wrote it.
 * - A file that was written again with the same content may have been different while the compiler read it (a
 *   checkout there and back). The build is done once more, but not for ever.
 */
import { namesOf } from '../../core/words.ts';
import type { Difference } from '../../watch/types.ts';

/**
 * What a change of the inputs during a build means for its result:
 * - `same`: nothing. The result can be used.
 * - `moved`: it must not be used, and the build starts again.
 * - `held`: it must not be used, and another build would end like this one.
 */
export type Moved = 'same' | 'moved' | 'held';

/** What a build knows about the files that changed while it ran. */
export interface WrittenFiles {
  /**
   * Whether inputs of a run changed while its jar was built. `done` means that the build has ended. What did not change
   * during it is then no longer suspected. Only then the answer may be `held`.
   */
  moved(service: string, run: number, difference: Difference, done: boolean): Moved;
}

/** A file may be written by the builds after this many in a row have changed it. */
const enough = 3;

/** For work that is done once and cannot learn for a next time. Git-ignored files count as the build's own. */
export const writtenOnce: WrittenFiles = {
  moved: (_service, _run, difference) =>
    difference.changed.some((file) => file.buildInput && !file.gitIgnored) ? 'moved' : 'same',
};

/** Makes the session's memory of such files. `notice` is called once for each. */
export function createWrittenFiles(
  notice: (service: string, message: string, hint: string) => void,
): WrittenFiles {
  /** Runs during which a path of a service changed. */
  const runs = new Map<string, Map<string, Set<number>>>();
  const rewritten = new Set<string>();
  const said = new Set<string>();

  function say(service: string, paths: readonly string[], message: (names: string) => string): void {
    const fresh = paths.filter((path) => !said.has(`${service}\0${path}`));
    if (fresh.length === 0) return;
    for (const path of fresh) said.add(`${service}\0${path}`);
    notice(service, message(namesOf(fresh)), `list what a build writes under \`ignore\` in appdev.yaml`);
  }

  return {
    moved(service, run, difference, done) {
      const changed = difference.changed.filter((file) => file.buildInput);
      const known = runs.get(service) ?? new Map<string, Set<number>>();
      runs.set(service, known);
      for (const { path } of changed) known.set(path, (known.get(path) ?? new Set<number>()).add(run));
      if (done) {
        const paths = new Set(changed.map(({ path }) => path));
        for (const path of known.keys()) if (!paths.has(path)) known.delete(path);
      }
      const often = changed.filter(({ path }) => (known.get(path)?.size ?? 0) >= enough);
      const saved = changed.filter((file) => !file.gitIgnored || !often.includes(file));
      if (saved.some((file) => !often.includes(file))) return 'moved';
      if (saved.length > 0) return done ? 'held' : 'same';
      say(
        service,
        often.map(({ path }) => path),
        (names) =>
          `${names} changes during each build of ${service}; appdev assumes that the build writes it`,
      );
      if (!done) return 'same';
      const again = difference.rewritten.some((file) => file.buildInput && !file.gitIgnored);
      if (!again || rewritten.delete(service)) return 'same';
      rewritten.add(service);
      return 'moved';
    },
  };
}
