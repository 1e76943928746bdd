/**
 * What is sent to be built: a Containerfile's text and the files it copies, packed into one tar. Knows the rules of
 * contexts (ignore files, what COPY reads), but nothing about pods.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { ImageSource } from '../../../config/model.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { codeOf } from '../../../support/fields.ts';
import { ContextChangedError, packContext, type ContextSource, type ContextTar } from '../context/tar.ts';
import { copySources } from '../context/copy-sources.ts';
import { matcher, readDockerRule } from '../context/dockerignore.ts';
import { containerfilePath } from './pod.ts';

/** One image to make: a Containerfile's text and the files it copies. */
export interface Recipe {
  readonly containerfile: string;
  readonly context: Omit<ContextSource, 'extra'>;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Absent if the tag is made from what is sent. */
  readonly tag?: string;
  /** True if a second build cannot come out differently. Then an image that the registry already has is used. */
  readonly fixed: boolean;
  /**
   * True for `--reproducible`: equal content gives equal layers. Without it, the executor writes the times of its own
   * files into them. It costs time for every layer of the base (docs/kaniko.md, "What costs time").
   */
  readonly reproducible: boolean;
}

/**
 * The recipe for an image from layers on disk: `folders` below `root`. `tag`: set if it is known before anything is
 * packed.
 */
export function layersRecipe(
  root: string,
  containerfile: string,
  folders: readonly string[],
  { tag, reproducible }: { readonly tag?: string; readonly reproducible: boolean },
): Recipe {
  return {
    containerfile,
    context: {
      root,
      skip: () => false,
      wants: (name) => folders.some((folder) => name === folder || name.startsWith(`${folder}/`)),
    },
    buildArgs: {},
    fixed: true,
    reproducible,
    ...(tag === undefined ? {} : { tag }),
  };
}

/**
 * The recipe for the user's Containerfile. `hidden`: files to leave out, by their names in the context. Fails with
 * IMAGE_BUILD_FAILED if it cannot be read.
 */
export async function containerfileRecipe(
  service: string,
  { containerfile, context, buildArgs }: Extract<ImageSource, { kind: 'containerfile' }>,
  hidden: readonly string[] = [],
): Promise<Outcome<Recipe>> {
  let text: string;
  try {
    text = await readFile(containerfile, 'utf8');
  } catch (error) {
    return unreadable(service, error);
  }
  const ignored = readDockerRule(context, containerfile);
  const copied = copySources(text, buildArgs);
  const matchers = copied === 'all' ? undefined : copied.map(matcher);
  return ok({
    containerfile: text,
    context: {
      root: context,
      // appdev's own folder. Its logs belong in nobody's image.
      skip: (path, folder) => relative(context, path) === '.appdev' || ignored(path, folder),
      wants: (name) =>
        !hidden.includes(name) &&
        (matchers === undefined || ancestors(name).some((part) => matchers.some((fits) => fits(part)))),
    },
    buildArgs,
    fixed: false,
    reproducible: true,
  });
}

/** Packs the recipe into `file`. Fails with SOURCE_CHANGED or IMAGE_BUILD_FAILED. Throws if there is no space. */
export async function packRecipe(
  service: string,
  { containerfile, context }: Recipe,
  file: string,
): Promise<Outcome<ContextTar>> {
  // The ignore file was applied here. The one beside the Containerfile keeps the executor from applying another one,
  // and keeps both files out of the image.
  const extra = new Map([
    [containerfilePath, containerfile],
    [`${containerfilePath}.dockerignore`, `${containerfilePath.split('/')[0] ?? ''}\n`],
  ]);
  try {
    return ok(await packContext({ ...context, extra }, file));
  } catch (error) {
    if (['EACCES', 'EPERM', 'ENOENT', 'EIO'].includes(codeOf(error))) return unreadable(service, error);
    if (!(error instanceof ContextChangedError)) throw error;
    return failed('SOURCE_CHANGED', `${service}: ${error.message}`, {
      hint: 'another program is writing there; build again, or exclude the file by .dockerignore',
      exit: 4,
    });
  }
}

/** The tag of what was packed. Equal content of one service gives an equal tag. */
export function tagOf(
  context: string,
  buildArgs: Readonly<Record<string, string>>,
  project: string,
  service: string,
): string {
  const args = Object.entries(buildArgs).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([context, args, project, service]))
    .digest('hex')
    .slice(0, 16);
}

/** The path and every folder above it, because COPY of a folder copies what is below it. */
function ancestors(name: string): string[] {
  const parts = name.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** The failure for a file of the context that this user cannot read, or for a Containerfile that is gone. */
function unreadable(service: string, error: unknown): Outcome<never> {
  const said = error instanceof Error ? error.message : String(error);
  return failed('IMAGE_BUILD_FAILED', `${service}: its build context cannot be read: ${said}`, {
    hint: 'check the file and its permissions, or exclude it by .dockerignore',
  });
}
