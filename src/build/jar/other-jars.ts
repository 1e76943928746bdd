/**
 * The jars beside the one that was built: older versions, jars without dependencies, jars of sources. Decides which of
 * them the build of an image must not see, so that equal sources make an equal image whatever else is there.
 */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { ImageSource } from '../../config/model.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { isBootJar } from './boot-jar.ts';
import { contextReads, isPattern, type ContextRead } from '../image/context/copy-sources.ts';
import { matcher } from '../image/context/dockerignore.ts';
import type { Jar } from '../types.ts';

/** A jar in the folder of the built one. */
export interface OtherJar {
  /** Path relative to the context, with slashes. */
  readonly name: string;
  /** True if it would start in place of the built jar. */
  readonly executable: boolean;
}

/** What to do about the other jars. Names are relative to the context. */
export interface OtherJars {
  /** Jars to leave out of the context. */
  readonly hidden: readonly string[];
  /** The executable ones among them that a pattern of COPY matches. An image made with them may contain old code. */
  readonly taken: readonly string[];
}

/**
 * Looks at the folder of the built jar. Fails with JAR_AMBIGUOUS if the Containerfile names another executable jar in
 * it.
 */
export async function findOtherJars(
  service: string,
  { containerfile, context, buildArgs }: Omit<Extract<ImageSource, { kind: 'containerfile' }>, 'kind'>,
  jar: Jar,
): Promise<Outcome<OtherJars>> {
  const others = await jarsBeside(context, jar.built);
  // If it cannot be read, the builder will complain.
  const text = others.length === 0 ? '' : await readFile(containerfile, 'utf8').catch(() => '');
  const reads = contextReads(text, buildArgs);
  const built = nameIn(context, jar.built);
  const stale = others.find(({ name, executable }) => executable && namedBy(reads).has(name));
  if (stale === undefined) return ok(judgeJars(reads, built, others));
  return failed(
    'JAR_AMBIGUOUS',
    `${service}: ${basename(containerfile)} copies ${stale.name}, but this build made ${built}`,
    { hint: `make it copy ${built}, or ${dirname(built)}/*.jar`, exit: 4 },
  );
}

/**
 * Judges the other jars. Pure. Another executable jar is from an older build, because this one made only one. Any other
 * jar is left out if a pattern of COPY copies it and the built one to the same file: builders take the last by name, or
 * refuse.
 */
export function judgeJars(
  reads: readonly ContextRead[],
  built: string,
  others: readonly OtherJar[],
): OtherJars {
  const patterns = reads.flatMap((read) =>
    read.by === 'mount' || read.sources === 'all'
      ? []
      : read.sources.filter(isPattern).map((pattern) => ({ fits: matcher(pattern), toFile: read.toFile })),
  );
  const named = namedBy(reads);
  const isContested = (name: string): boolean =>
    !named.has(name) && patterns.some(({ fits, toFile }) => toFile && fits(built) && fits(name));
  const old = others.filter(({ executable }) => executable);
  return {
    hidden: others.filter((jar) => jar.executable || isContested(jar.name)).map(({ name }) => name),
    taken: old.filter(({ name }) => patterns.some(({ fits }) => fits(name))).map(({ name }) => name),
  };
}

/**
 * The jars to leave out of the context; `note` receives a message about them. Empty if no jar of ours goes into the
 * image. Fails as `findOtherJars` does.
 */
export async function jarsToHide(
  service: string,
  source: Extract<ImageSource, { kind: 'containerfile' }>,
  jar: Jar | undefined,
  note: (line: string) => void,
): Promise<Outcome<readonly string[]>> {
  if (jar === undefined) return ok([]);
  const others = await findOtherJars(service, source, jar);
  if (others.kind !== 'ok') return others;
  const { hidden } = others.value;
  if (hidden.length > 0)
    note(
      `left out of the context, so that ${basename(jar.built)} is the jar in the image: ${hidden.join(', ')}`,
    );
  return ok(hidden);
}

/** Files and folders that COPY names without a pattern. */
function namedBy(reads: readonly ContextRead[]): ReadonlySet<string> {
  return new Set(
    reads.flatMap(({ sources }) => (sources === 'all' ? [] : sources)).filter((name) => !isPattern(name)),
  );
}

async function jarsBeside(context: string, built: string): Promise<readonly OtherJar[]> {
  if (nameIn(context, built).startsWith('..')) return [];
  const folder = dirname(built);
  const names = (await readdir(folder).catch((): string[] => [])).filter(
    (name) => name.endsWith('.jar') && name !== basename(built),
  );
  return await Promise.all(
    names.sort().map(async (name) => ({
      name: nameIn(context, join(folder, name)),
      executable: await isBootJar(join(folder, name)),
    })),
  );
}

function nameIn(context: string, path: string): string {
  return relative(context, path).split(sep).join('/');
}
