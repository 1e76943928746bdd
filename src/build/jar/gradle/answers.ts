/**
 * Answers of builds about themselves, kept between sessions. An answer holds until a file changes that decides how the
 * build is configured. Reads and writes only appdev's cache folder.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fieldAt, stringAt } from '../../../support/fields.ts';
import { readState, writeState } from '../../../support/files/state-file.ts';
import { sessionId } from '../../../support/process/mark.ts';
import { buildFilesOf, modelToJson, parseModel, type GradleModel } from './model.ts';

/** Which build is asked, and with what. */
export interface Asked {
  readonly root: string;
  /** Text that differs between versions of Gradle and of the JDK. */
  readonly toolchain: string;
  /** The user's arguments, because properties may change a build. */
  readonly args: readonly string[];
}

/** A model, with the state of the build files it was read from. */
export interface KnownModel {
  readonly model: GradleModel;
  readonly settings: string;
}

/** The answers of one cache folder. */
export class GradleAnswers {
  readonly #folder: string;
  readonly #userHome: string;
  readonly #known = new Map<string, KnownModel>();

  /**
   * @param folder keeps the answers
   * @param userHome folder with the user's own settings of Gradle
   */
  constructor(folder: string, userHome: string) {
    this.#folder = folder;
    this.#userHome = userHome;
  }

  /** The known model of a build; undefined if its build files changed since it was asked. */
  async current(asked: Asked): Promise<KnownModel | undefined> {
    const known = await this.last(asked);
    return known?.settings === (known === undefined ? undefined : this.stateOf(known.model, asked))
      ? known
      : undefined;
  }

  /** The last known model of a build, whether it still holds or not. */
  async last(asked: Asked): Promise<KnownModel | undefined> {
    const key = keyOf(asked);
    const known =
      this.#known.get(key) ??
      (await readState<KnownModel>(join(this.#folder, `model-${key}.json`), (value) => {
        const settings = stringAt(value, 'settings');
        const model = parseModel(fieldAt(value, 'model'));
        return settings === undefined || model === undefined ? undefined : { settings, model };
      }));
    if (known !== undefined) this.#known.set(key, known);
    return known;
  }

  /** A text that identifies the state of a build's files. */
  stateOf(model: GradleModel, asked: Asked): string {
    return settingsHash(model, asked, this.#userHome);
  }

  /**
   * Removes and returns the file for the next answer. Each build gets the same file every time, because a configuration
   * cache notes the properties it was made with. A question gets another file, so that it does not come between another
   * process's build and its answer.
   */
  async prepare(asked: Asked, kind: 'question' | 'build'): Promise<string> {
    const path = join(this.#folder, `${kind}-${keyOf(asked)}.json`);
    await mkdir(this.#folder, { recursive: true });
    await rm(path, { force: true });
    return path;
  }

  /**
   * Reads the answer, if there is one. A build from the configuration cache writes none; then nothing has changed.
   *
   * @param startedMs when Gradle was started: an answer proves nothing about build files that changed later.
   */
  async collect(asked: Asked, path: string, startedMs: number): Promise<KnownModel | undefined> {
    const model = await readState(path, parseModel);
    if (model === undefined) return undefined;
    const changed = newestChange(buildFilesOf(model, model.projects)) >= startedMs;
    const known = { model, settings: changed ? `changed ${sessionId}` : this.stateOf(model, asked) };
    this.#known.set(keyOf(asked), known);
    // If it cannot be written, that only costs another question later.
    if (!changed) {
      const state = { settings: known.settings, model: modelToJson(model) };
      await writeState(join(this.#folder, `model-${keyOf(asked)}.json`), state);
    }
    return known;
  }
}

/** Hash over everything that decides how a build is configured. */
function settingsHash(model: GradleModel, { toolchain, args }: Asked, userHome: string): string {
  const personal = ['gradle.properties', 'init.gradle', 'init.gradle.kts', 'init.d'];
  const paths = [
    ...buildFilesOf(model, model.projects),
    // A file that appears changes the state as much as one that changes.
    ...['settings.gradle', 'settings.gradle.kts'].map((name) => join(model.root, name)),
    ...personal.map((name) => join(userHome, name)),
  ];
  const hash = createHash('sha256').update(JSON.stringify([toolchain, args]));
  for (const file of new Set(paths.flatMap(filesAt))) hash.update(`\0${file}\0${read(file)}`);
  return hash.digest('hex');
}

function keyOf({ root, args }: Asked): string {
  return createHash('sha256')
    .update(JSON.stringify([root, args]))
    .digest('hex')
    .slice(0, 16);
}

/** Output folders of buildSrc. */
const outputs = new Set(['build', '.gradle', '.kotlin', 'out', 'bin']);

/** The file, or the files below the folder, sorted; empty if there is nothing. */
function filesAt(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() !== true) return stat === undefined ? [] : [path];
  return readdirSync(path)
    .filter((name) => !outputs.has(name))
    .sort()
    .flatMap((name) => filesAt(join(path, name)));
}

function newestChange(paths: readonly string[]): number {
  return Math.max(
    0,
    ...paths.flatMap(filesAt).map((file) => statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0),
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
