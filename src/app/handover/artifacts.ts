/**
 * artifacts.json: how `build` passes its images to `render`, `deploy`, `verify` and `diff`. The file is always written as
 * a whole. docs/artifacts.md describes its format. Unlike the other records of what was built, it is for people and other
 * programs too: it has one entry a service, and a mistake in it is an error with its place.
 */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { GitState } from '../../build/image/tags/git-state.ts';
import {
  artifactsKind,
  readArtifactsFile,
  referenceText,
  type ArtifactEntry,
  type ArtifactsDocument,
} from '../../config/artifacts.ts';
import { apiVersion } from '../../config/schema/document.ts';
import { shownFile } from '../../config/shown.ts';
import type { Artifact, StageTiming } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { writeState } from '../../support/files/state-file.ts';
import { version } from '../../core/version.ts';
import type { Session } from '../session.ts';

/** What the file says about one service's build. */
export interface BuiltArtifact {
  readonly artifact: Artifact;
  /** Additional tags of the image, for people. */
  readonly tags: readonly string[];
  readonly git: GitState | undefined;
  readonly stages: readonly StageTiming[];
}

/** Absolute path of the file: the value of `--artifacts`, or else `.appdev/artifacts.json`. */
export function artifactsPath({ invocation, stateFolder }: Session): string {
  const named = invocation.flags.artifacts;
  return named === undefined ? join(stateFolder, 'artifacts.json') : resolve(invocation.cwd, named);
}

/**
 * Removes the entries of services that are about to be built. If the build then fails, `deploy` must not find the images
 * of the previous build.
 */
export async function dropArtifacts(session: Session, services: readonly string[]): Promise<Outcome<void>> {
  const known = await knownEntries(session);
  if (known.kind !== 'ok') return known;
  const kept = known.value.filter(({ service }) => !services.includes(service));
  return kept.length === known.value.length ? ok(undefined) : await write(session, kept);
}

/**
 * Writes the artifacts of a build. Entries of other services are kept, so that services can be built one by one.
 */
export async function writeArtifacts(
  session: Session,
  built: readonly BuiltArtifact[],
): Promise<Outcome<void>> {
  const known = await knownEntries(session);
  if (known.kind !== 'ok') return known;
  const entries = new Map(known.value.map((entry) => [entry.service, entry]));
  for (const one of built) entries.set(one.artifact.service, entryOf(one));
  return await write(session, [...entries.values()]);
}

/**
 * Checks, before anything is built, that the file may be written.
 *
 * @returns fails with USAGE if `--artifacts` names an existing file that is not an artifacts.json of this project
 */
export async function mayWriteArtifacts(session: Session): Promise<Outcome<void>> {
  const known = await knownEntries(session);
  return known.kind === 'ok' ? ok(undefined) : known;
}

/**
 * The entries of the file; none if it does not exist. appdev never leaves a half-written file. So if the user names a
 * file that cannot be parsed, it is someone else's, unless it is empty, as `mktemp` creates it. The file in `.appdev`
 * is always appdev's own and is overwritten.
 */
async function knownEntries(session: Session): Promise<Outcome<readonly ArtifactEntry[]>> {
  const { invocation, project } = session;
  const path = artifactsPath(session);
  const found = await readArtifactsFile(path, invocation.cwd, project.config.name);
  if (found.kind !== 'failed') return found;
  const isNamed = invocation.flags.artifacts !== undefined;
  if (!isNamed || found.error.code === 'CONFIG_NOT_FOUND' || (await isEmptyFile(path))) return ok([]);
  const { message, diagnostics } = found.error;
  return failed(
    'USAGE',
    `${shownFile(path, invocation.cwd)} exists and is not an artifacts.json of ${project.config.name}; appdev will not overwrite it: ${message}`,
    {
      hint: 'name another file with --artifacts FILE, or remove this one',
      ...(diagnostics === undefined ? {} : { diagnostics }),
    },
  );
}

async function isEmptyFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === 0;
}

async function write(session: Session, entries: readonly ArtifactEntry[]): Promise<Outcome<void>> {
  const path = artifactsPath(session);
  const document: ArtifactsDocument = {
    apiVersion,
    kind: artifactsKind,
    project: session.project.config.name,
    appdev: version,
    artifacts: [...entries].sort((a, b) => (a.service < b.service ? -1 : 1)),
  };
  const written = await writeState(path, document);
  if (written.kind !== 'failed' || written.error.code !== 'INTERNAL') return written;
  return failed('USAGE', written.error.message, { hint: 'name another file with --artifacts FILE' });
}

function entryOf({ artifact, tags, git, stages }: BuiltArtifact): ArtifactEntry {
  const { service, repository, pullRepository, tag, digest, inputHash, jarSha256, builder } = artifact;
  return {
    ...{ service, repository, pullRepository, tag, tags: [...tags], digest },
    reference: referenceText(artifact),
    inputHash,
    ...(jarSha256 === undefined ? {} : { jar: { sha256: jarSha256 } }),
    ...(git === undefined ? {} : { git }),
    ...(builder === undefined ? {} : { builder }),
    stages: stages.map(({ stage, outcome, ms }) => ({ stage, outcome, ms })),
  };
}

/**
 * The artifacts of the session's services, by service. It is for commands that build nothing.
 *
 * @param given services whose image `--images` names; the file need not have them
 * @returns fails with CONFIG_NOT_FOUND if the file or a needed image is missing, and with CONFIG_INVALID and the places
 * of all errors if the file is wrong
 */
export async function requireArtifacts(
  session: Session,
  given: ReadonlySet<string>,
): Promise<Outcome<ReadonlyMap<string, Artifact>>> {
  const needed = session.services.filter(({ name, image }) => image !== undefined && !given.has(name));
  const found = await readArtifacts(session, needed.length > 0);
  if (found.kind !== 'ok') return found;
  const missing = needed.find(({ name }) => !found.value.has(name));
  if (missing === undefined) return found;
  const { name } = missing;
  const shown = shownFile(artifactsPath(session), session.invocation.cwd);
  return failed('CONFIG_NOT_FOUND', `${shown} has no image of ${name}`, {
    hint: `run appdev build ${name}, or name an image: --images ${name}=REPOSITORY:TAG`,
  });
}

/**
 * The artifacts in the file, by service.
 *
 * @param required false: a missing file gives no artifacts, unless `--artifacts` names it. True: it is an error
 */
export async function readArtifacts(
  session: Session,
  required: boolean,
): Promise<Outcome<ReadonlyMap<string, Artifact>>> {
  const { invocation, project } = session;
  const found = await readArtifactsFile(artifactsPath(session), invocation.cwd, project.config.name);
  if (found.kind === 'ok') return ok(new Map(found.value.map((entry) => [entry.service, artifactOf(entry)])));
  const absent = found.kind === 'failed' && found.error.code === 'CONFIG_NOT_FOUND';
  return absent && !required && invocation.flags.artifacts === undefined ? ok(new Map()) : found;
}

function artifactOf(entry: ArtifactEntry): Artifact {
  const { service, repository, pullRepository, tag, digest, inputHash, jar, builder } = entry;
  return {
    ...{ service, repository, pullRepository, tag, digest, inputHash },
    ...(jar === undefined ? {} : { jarSha256: jar.sha256 }),
    ...(builder === undefined ? {} : { builder }),
  };
}
