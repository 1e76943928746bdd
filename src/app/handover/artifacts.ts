/**
 * artifacts.json: what `build` hands to `render`, `deploy`, `verify` and `diff`. One file, written whole; its format is
 * in config/artifacts.ts, and docs/artifacts.md describes it.
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
import { shownFile } from '../../config/find.ts';
import type { Artifact, StageTiming } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { writeState } from '../../support/files/state-file.ts';
import { version } from '../../core/version.ts';
import type { Session } from '../session.ts';

/** What is written down of one service. */
export interface BuiltArtifact {
  readonly artifact: Artifact;
  /** Tags that it has beside its own. */
  readonly tags: readonly string[];
  readonly git: GitState | undefined;
  readonly stages: readonly StageTiming[];
}

/** Path of the file: what `--artifacts` names, else `.appdev/artifacts.json`. */
export function artifactsPath({ invocation, stateFolder }: Session): string {
  const named = invocation.strings['artifacts'];
  return named === undefined ? join(stateFolder, 'artifacts.json') : resolve(invocation.cwd, named);
}

/**
 * Takes out what the file says of services that are about to be built: a build that does not come to its end must not
 * leave its predecessor's images for `deploy` to find.
 */
export async function dropArtifacts(session: Session, services: readonly string[]): Promise<Outcome<void>> {
  const known = await knownEntries(session);
  if (known.kind !== 'ok') return known;
  const kept = known.value.filter(({ service }) => !services.includes(service));
  return kept.length === known.value.length ? ok(undefined) : await write(session, kept);
}

/**
 * Writes artifacts down. Those of services that were not built now stay as they were, so that services may be built one
 * by one.
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
 * Whether the file may be written, asked before anything is built.
 *
 * @returns USAGE where `--artifacts` names one that is there and is no artifacts.json of this project.
 */
export async function mayWriteArtifacts(session: Session): Promise<Outcome<void>> {
  const known = await knownEntries(session);
  return known.kind === 'ok' ? ok(undefined) : known;
}

/**
 * What the file holds; nothing where it is not there. One of ours is never half-written, so that a named one that cannot
 * be understood is somebody's own, unless it is empty, as `mktemp` makes it. The one in `.appdev` is ours whatever it
 * holds, and is written anew.
 */
async function knownEntries(session: Session): Promise<Outcome<readonly ArtifactEntry[]>> {
  const { invocation, project } = session;
  const path = artifactsPath(session);
  const found = await readArtifactsFile(path, invocation.cwd, project.config.name);
  if (found.kind !== 'failed') return found;
  const isNamed = invocation.strings['artifacts'] !== undefined;
  if (!isNamed || found.error.code === 'CONFIG_NOT_FOUND' || (await isEmptyFile(path))) return ok([]);
  const { message, diagnostics } = found.error;
  return failed(
    'USAGE',
    `${shownFile(path, invocation.cwd)} is there and is no artifacts.json of ${project.config.name}, so it is not written over: ${message}`,
    {
      hint: 'name another file: --artifacts FILE; or remove it',
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
  return failed('USAGE', written.error.message, { hint: 'name another file: --artifacts FILE' });
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
 * The artifacts of the session's services, by service, for a phase that builds nothing.
 *
 * @param given services whose image `--images` names: the file need not have them.
 * @returns CONFIG_NOT_FOUND where the file, or an image that is needed, is missing; CONFIG_INVALID with the places of
 *   its errors.
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
    hint: `appdev build ${name}; or name one: --images ${name}=REPOSITORY:TAG`,
  });
}

/** What the file says, by service; nothing where there is none, unless it is required, or `--artifacts` names it. */
export async function readArtifacts(
  session: Session,
  required: boolean,
): Promise<Outcome<ReadonlyMap<string, Artifact>>> {
  const { invocation, project } = session;
  const found = await readArtifactsFile(artifactsPath(session), invocation.cwd, project.config.name);
  if (found.kind === 'ok') return ok(new Map(found.value.map((entry) => [entry.service, artifactOf(entry)])));
  const absent = found.kind === 'failed' && found.error.code === 'CONFIG_NOT_FOUND';
  return absent && !required && invocation.strings['artifacts'] === undefined ? ok(new Map()) : found;
}

function artifactOf(entry: ArtifactEntry): Artifact {
  const { service, repository, pullRepository, tag, digest, inputHash, jar, builder } = entry;
  return {
    ...{ service, repository, pullRepository, tag, digest, inputHash },
    ...(jar === undefined ? {} : { jarSha256: jar.sha256 }),
    ...(builder === undefined ? {} : { builder }),
  };
}
