/** artifacts.json: what `build` hands to `render`, `deploy` and `verify`. One file, written whole. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Artifact } from '../events.ts';
import { failed, ok, type Outcome } from '../outcome.ts';
import { isFields, listAt, stringAt } from '../support/fields.ts';
import { writeState } from '../support/state-file.ts';
import type { Session } from './session.ts';

/** Path of the file: what `--artifacts` names, else `.appdev/artifacts.json`. */
export function artifactsPath({ invocation, stateFolder }: Session): string {
  const named = invocation.strings['artifacts'];
  return named === undefined ? join(stateFolder, 'artifacts.json') : resolve(invocation.cwd, named);
}

/**
 * Writes artifacts down. Those of services that were not built now stay as they were, so that services may be built one
 * by one.
 */
export async function writeArtifacts(
  session: Session,
  artifacts: readonly Artifact[],
): Promise<Outcome<void>> {
  const path = artifactsPath(session);
  const before = await read(path);
  const known = new Map(before.kind === 'ok' ? before.value.map((one) => [one.service, one]) : []);
  for (const artifact of artifacts) known.set(artifact.service, artifact);
  const { name } = session.project.config;
  return await writeState(path, { v: 1, project: name, artifacts: [...known.values()] });
}

/**
 * Reads them, by service.
 *
 * @returns CONFIG_NOT_FOUND when `required` and there is no such file; CONFIG_INVALID when it is none of ours.
 */
export async function readArtifacts(
  session: Session,
  required: boolean,
): Promise<Outcome<ReadonlyMap<string, Artifact>>> {
  const path = artifactsPath(session);
  const found = await read(path);
  if (found.kind === 'ok') return ok(new Map(found.value.map((artifact) => [artifact.service, artifact])));
  const absent = found.kind === 'failed' && found.error.code === 'CONFIG_NOT_FOUND';
  return absent && !required ? ok(new Map()) : found;
}

async function read(path: string): Promise<Outcome<readonly Artifact[]>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return failed('CONFIG_NOT_FOUND', `there is no ${path}, so it is not known which images were built`, {
      hint: 'appdev build writes it; --artifacts FILE names another one',
    });
  }
  const artifacts = parse(text);
  return artifacts === undefined
    ? failed('CONFIG_INVALID', `${path} is not an artifacts.json of this appdev`, {
        hint: 'appdev build writes it anew',
      })
    : ok(artifacts);
}

const fields = ['service', 'repository', 'tag', 'digest', 'pullRepository', 'inputHash'] as const;

function parse(text: string): readonly Artifact[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value) || value['v'] !== 1) return undefined;
  const artifacts: Artifact[] = [];
  for (const entry of listAt(value, 'artifacts')) {
    const pairs = fields.map((name) => [name, stringAt(entry, name)] as const);
    if (pairs.some(([, found]) => found === undefined)) return undefined;
    artifacts.push(Object.fromEntries(pairs) as unknown as Artifact);
  }
  return artifacts;
}
