/**
 * Removes working containers that a killed session left in Buildah's storage. Every build of appdev marks them with the
 * session in a host entry. Containers of others, and of live sessions, are not touched.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { listAt, stringAt } from '../../../support/fields.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { isSessionAlive } from '../../../support/process/mark.ts';
import { openBuildah, sessionHostPrefix, type Buildah } from './session.ts';
import type { BuildahEnvironment } from './storage.ts';

/** Removes them, and returns how many there were. Fails if Buildah does not work. */
export async function removeLeftoverContainers(
  run: RunProcess,
  environment: BuildahEnvironment,
  signal: AbortSignal,
): Promise<Outcome<number>> {
  const buildah = await openBuildah(run, environment, signal);
  return buildah.kind === 'ok' ? await removeFrom(buildah.value, signal) : buildah;
}

async function removeFrom(buildah: Buildah, signal: AbortSignal): Promise<Outcome<number>> {
  const listed = await buildah.run({ args: ['containers', '--json'] }, { signal });
  if (listed.kind !== 'ok') return listed;
  const containers: unknown = listed.value.exitCode === 0 ? JSON.parse(listed.value.stdout || '[]') : [];
  const ids = listAt({ containers }, 'containers').map((container) => stringAt(container, 'id') ?? '');
  const dead: string[] = [];
  for (const id of ids) if (await isLeftover(buildah, id)) dead.push(id);
  if (dead.length === 0) return ok(0);
  const removed = await buildah.run({ args: ['rm', ...dead] }, { signal });
  return removed.kind === 'ok' ? ok(dead.length) : removed;
}

/**
 * True if a container was left by a dead session. Reads the file that Buildah keeps with it, because no subcommand
 * prints the host entries.
 */
async function isLeftover({ storage }: Buildah, id: string): Promise<boolean> {
  const file = join(storage.root, `${storage.driver}-containers`, id, 'userdata', 'buildah.json');
  let state: unknown;
  try {
    state = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return false;
  }
  const hosts = listAt(state, 'CommonBuildOpts', 'AddHost').filter((host) => typeof host === 'string');
  const mark = hosts.find((host) => host.startsWith(sessionHostPrefix));
  return mark !== undefined && !isSessionAlive(mark.slice(sessionHostPrefix.length).replace(/:.*/s, ''));
}
