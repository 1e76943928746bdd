/**
 * Copies images by digest, with skopeo, from the registry they were pushed to into another one that the nodes pull
 * from. Owns the copy, not how an image is made. skopeo signs in as the session's user at both registries. The logins
 * are in files, never on its command line.
 */
import { cancelled, failed, ok, type Outcome } from '../../../core/outcome.ts';
import type { Artifact } from '../../../core/events.ts';
import type { RegistryAccess } from '../../../registry/login/access.ts';
import { splitRegistryName } from '../../../registry/reference.ts';
import type { ManifestReader, Registry } from '../../../registry/types.ts';
import { systemClock, type Clock } from '../../../support/clock.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { transferFailure, type TransferFailure } from './errors.ts';
import { inTries } from './tries.ts';
import type { WorkContext } from '../../types.ts';

/** What the copy needs. */
export interface CopyParts {
  readonly run: RunProcess;
  /** Images are copied from its `push` to its `pull`. Its `copy` is set. */
  readonly registry: Registry;
  /** Reads from the registry of `pull`. */
  readonly reader: ManifestReader;
  /** Access to both registries. */
  readonly access: Pick<RegistryAccess, 'authFiles' | 'certDir'>;
  /** Set by tests of the retries. */
  readonly clock?: Clock;
}

/**
 * Copies an image to the registry of `pull`, unless it is already there. The stage reported is `push`. Fails with REGISTRY_…,
 * PUSH_FAILED, QUOTA_EXCEEDED, TAG_IMMUTABLE or TOOL_MISSING.
 */
export async function copyImage(
  parts: CopyParts,
  artifact: Artifact,
  context: WorkContext,
): Promise<Outcome<void>> {
  const { report } = context;
  report.started('push');
  const copied = await copy(parts, artifact, context);
  const { host } = splitRegistryName(artifact.pullRepository);
  if (copied.kind !== 'ok') report.finished('push', copied.kind);
  else if (copied.value === 'copied') report.finished('push', 'ok', `copied to ${host}`);
  else report.finished('push', 'skipped', `already in ${host}`);
  return copied.kind === 'ok' ? ok(undefined) : copied;
}

async function copy(
  parts: CopyParts,
  artifact: Artifact,
  { signal, report }: WorkContext,
): Promise<Outcome<'copied' | 'there'>> {
  const { reader, clock = systemClock } = parts;
  const { repository, pullRepository, tag, digest } = artifact;
  const before = await reader.headManifest(pullRepository, digest, signal);
  if (before.kind !== 'ok') return before;
  if (before.value?.digest === digest) return ok('there');
  const onLine = (line: string): void => report.output('push', 'stderr', line);
  const copied = await inTries(
    {
      attempt: async (fresh) => await tryOnce(parts, artifact, fresh, signal, onLine),
      failureOf: (lines) => copyFailure(repository, pullRepository, lines),
      onRetry: onLine,
    },
    clock,
    signal,
  );
  if (copied.kind !== 'ok') return copied;
  const after = await reader.headManifest(pullRepository, digest, signal);
  if (after.kind !== 'ok') return after;
  if (after.value?.digest === digest) return ok('copied');
  return failed(
    'PUSH_FAILED',
    `${splitRegistryName(pullRepository).host} accepted ${pullRepository}:${tag} but does not have ${digest}`,
    {
      hint: `try by hand: skopeo inspect docker://${pullRepository}:${tag}`,
    },
  );
}

/** skopeo's output if it failed; undefined if it succeeded. */
async function tryOnce(
  { run, registry, access }: CopyParts,
  { service, repository, pullRepository, tag, digest }: Artifact,
  fresh: boolean,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Outcome<readonly string[] | undefined>> {
  const from = await access.authFiles.forRepository(registry.push, fresh, signal);
  if (from.kind !== 'ok') return from;
  const to = await access.authFiles.forRepository(registry.pull, fresh, signal);
  if (to.kind !== 'ok') return to;
  const flag = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [name, value];
  const finished = await run(
    {
      tool: 'skopeo',
      args: [
        'copy',
        // An index is copied with everything it names. Without this, skopeo takes one platform and makes another
        // digest.
        '--all',
        '--preserve-digests',
        ...flag('--src-authfile', from.value),
        ...flag('--dest-authfile', to.value),
        ...flag('--src-cert-dir', access.certDir),
        ...flag('--dest-cert-dir', access.certDir),
        ...(registry.insecure ? ['--src-tls-verify=false'] : []),
        ...(registry.copy?.insecure === true ? ['--dest-tls-verify=false'] : []),
        `docker://${repository}@${digest}`,
        `docker://${pullRepository}:${tag}`,
      ],
      cwd: '/',
    },
    { signal, onLine: (_stream, line) => onLine(line) },
  );
  if (finished.kind === 'cancelled') return cancelled(signal);
  if (finished.kind === 'missing') {
    return failed(
      'TOOL_MISSING',
      `skopeo is not on the PATH, but ${service} must be copied to ${registry.pull}`,
      {
        hint: 'install it: apt-get install skopeo, dnf install skopeo; or remove registry.copy from appdev.yaml',
      },
    );
  }
  return ok(finished.exitCode === 0 ? undefined : finished.lines);
}

/**
 * The failure of a copy. skopeo's messages are those of Buildah's library; they mention only in passing which of the
 * two registries they are about.
 */
function copyFailure(repository: string, pullRepository: string, lines: readonly string[]): TransferFailure {
  const text = lines.join('\n');
  const ofSource = /initializing source|reading manifest|reading blob|reading config/.test(text);
  const { host } = splitRegistryName(ofSource ? repository : pullRepository);
  const failure = transferFailure(`copying ${repository} to ${pullRepository}`, host, lines);
  const { error, retry } = failure;
  if (ofSource || error.code !== 'REGISTRY_UNREACHABLE' || !/plain HTTP/.test(error.message)) return failure;
  const hint = 'set registry.copy.insecure: true in appdev.yaml if you want that';
  return { error: { ...error, hint }, retry };
}
