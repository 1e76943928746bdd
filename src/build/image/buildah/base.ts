/** Brings the base of layered images into Buildah's storage, and reads what it is. */
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { systemClock } from '../../../support/clock.ts';
import { withoutPasswords } from '../../../support/mask.ts';
import { anonymousAccess, type BuildahAccess } from './access.ts';
import { transferFailure, type TransferFailure } from '../transfer/errors.ts';
import type { Buildah } from './session.ts';
import type { BuildahRun } from './tool.ts';
import type { BaseImage } from '../layers/containerfile.ts';
import { noOwnRetries, retryTransfer } from '../transfer/tries.ts';

/** What is special about some hosts. */
export interface PullAccess {
  /** The host to which plain HTTP is allowed. */
  readonly insecureHost: string | undefined;
  /** The session's registry, and how Buildah signs in there. */
  readonly registryHost: string | undefined;
  readonly access: BuildahAccess;
}

/** The base image of that name. Pulls it if the storage does not have it. Fails with BASE_IMAGE_MISSING. */
export async function resolveBase(
  buildah: Buildah,
  name: string,
  { insecureHost, registryHost, access }: PullAccess,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Outcome<BaseImage>> {
  const there = await inspect(buildah, name, signal);
  if (there.kind !== 'ok' || there.value !== undefined) return there as Outcome<BaseImage>;
  onLine(`pulling the base image ${name}`);
  const host = name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
  const insecure = insecureHost !== undefined && host === insecureHost ? ['--tls-verify=false'] : [];
  const own = host !== '' && host === registryHost ? access : anonymousAccess;
  const env = await own.env(false, signal);
  if (env.kind !== 'ok') return env;
  const args = ['pull', '-q', ...noOwnRetries, ...insecure, ...own.flags, name];
  const failureOf = ({ exitCode, lines }: BuildahRun): TransferFailure | undefined =>
    exitCode === 0
      ? undefined
      : transferFailure(`pulling the base image ${name}`, host === '' ? name : host, lines);
  const pulled = await retryTransfer(
    async () => await buildah.run({ args, env: env.value }, { signal }),
    failureOf,
    { signal, onRetry: onLine, clock: systemClock },
  );
  if (pulled.kind !== 'ok') return pulled;
  const failure = failureOf(pulled.value);
  if (failure !== undefined) {
    const { error } = failure;
    return failed('BASE_IMAGE_MISSING', withoutPasswords(error.message), {
      hint: `check image.base in appdev.yaml, or try by hand: buildah pull ${name}`,
      ...(error.evidence === undefined ? {} : { evidence: error.evidence }),
    });
  }
  const found = await inspect(buildah, name, signal);
  if (found.kind !== 'ok') return found;
  if (found.value !== undefined) return ok(found.value);
  return failed('BASE_IMAGE_MISSING', `the base image ${name} was pulled but is not in Buildah's storage`, {
    hint: `try by hand: buildah pull ${name}`,
  });
}

async function inspect(
  buildah: Buildah,
  name: string,
  signal: AbortSignal,
): Promise<Outcome<BaseImage | undefined>> {
  const format = '{{.FromImageID}}|{{.OCIv1.Config.User}}';
  const finished = await buildah.run(
    { args: ['inspect', '--type', 'image', '--format', format, name] },
    { signal },
  );
  if (finished.kind !== 'ok') return finished;
  const [id = '', user = ''] = finished.value.stdout.trim().split('|');
  return ok(finished.value.exitCode === 0 && id !== '' ? { name, id, user } : undefined);
}
