/** Builds an image from the user's Containerfile, with its context, its ignore file and its build arguments. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import type { ImageSource } from '../../../config/model.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { systemClock } from '../../../support/clock.ts';
import { sha256Of } from '../../jar/boot-jar.ts';
import { passBuildArgs } from '../context/build-args.ts';
import type { BuildahAccess } from './access.ts';
import { bud, type BudResult } from './bud.ts';
import { baseFailure } from './errors.ts';
import { imageHosts } from './image-hosts.ts';
import type { Buildah } from './session.ts';
import { copiesOnly, mountsContext } from '../context/copy-sources.ts';
import { excludeAlso, readDockerIgnore } from '../context/dockerignore.ts';
import { buildOnOwnSteps } from './cache.ts';
import { jarsToHide } from '../../jar/other-jars.ts';
import { noOwnRetries, retryTransfer } from '../transfer/tries.ts';
import type { Jar } from '../../types.ts';

/** What such an image is made from. */
export interface ContainerfileRequest {
  readonly service: string;
  readonly source: Extract<ImageSource, { kind: 'containerfile' }>;
  readonly jar: Jar | undefined;
  readonly repository: string;
  /** A folder that belongs to this service alone. */
  readonly folder: string;
  readonly insecureHost: string | undefined;
  /** How Buildah signs in to the session's registry to get the images that the file builds FROM. */
  readonly access: BuildahAccess;
  readonly labels: readonly string[];
}

/**
 * Builds the image and returns its id. Fails with IMAGE_BUILD_FAILED, BASE_IMAGE_MISSING, JAR_AMBIGUOUS, SOURCE_CHANGED
 * or DISK_FULL.
 */
export async function buildContainerfile(
  buildah: Buildah,
  request: ContainerfileRequest,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<Outcome<string>> {
  const { service, source, jar, repository, folder, insecureHost, access, labels } = request;
  const text = read(source.containerfile) ?? '';
  const login = await access.env(false, signal, imageHosts(text, source.buildArgs));
  if (login.kind !== 'ok') return login;
  const hidden = await hideOtherJars(request, onLine);
  if (hidden.kind !== 'ok') return hidden;
  const args = passBuildArgs(source.buildArgs);
  const wanted = {
    service,
    file: source.containerfile,
    context: source.context,
    idFile: join(folder, 'image.id'),
    env: {
      ...args.env,
      ...login.value,
      ...(insecureHost === undefined
        ? {}
        : await insecureRegistry(insecureHost, folder, buildah.registriesConf)),
    },
    flags: [
      '--layers',
      // Pulled only if it is missing, as everywhere. `true` would ask the network at each build.
      '--pull=false',
      ...noOwnRetries,
      ...access.flags,
      ...labels,
      ...args.flags,
      ...hidden.value,
      // Buildah would take a step from its cache even if what the step sees of the context has changed.
      ...(mountsContext(text, source.buildArgs) ? ['--no-cache'] : []),
      '-t',
      `localhost/appdev/${repository}:current`,
    ],
  };
  const build = async (...flags: readonly string[]): Promise<Outcome<BudResult>> =>
    await retryTransfer(
      async () => await bud(buildah, { ...wanted, flags: [...flags, ...wanted.flags] }, signal, onLine),
      (result) =>
        result.kind === 'failed'
          ? baseFailure(service, basename(source.containerfile), result.lines)
          : undefined,
      { signal, onRetry: onLine, clock: systemClock },
    );
  const built = copiesOnly(text) ? await buildOnOwnSteps(buildah, build, signal, onLine) : await build();
  if (built.kind !== 'ok') return built;
  if (built.value.kind === 'failed') return built.value.failure;
  if (jar !== undefined && (await hashOf(jar.built)) !== jar.sha256) {
    return failed('SOURCE_CHANGED', `${service}: ${jar.built} changed while the image was built from it`, {
      hint: 'another build is writing there; stop it and build again',
      exit: 4,
    });
  }
  return ok(built.value.imageId);
}

/** The flags that keep jars of older builds out of the context. */
async function hideOtherJars(
  { service, source, jar, folder }: ContainerfileRequest,
  onLine: (line: string) => void,
): Promise<Outcome<readonly string[]>> {
  const hidden = await jarsToHide(service, source, jar, onLine);
  if (hidden.kind !== 'ok' || hidden.value.length === 0) return hidden;
  const path = join(folder, 'ignore');
  await writeFile(path, excludeAlso(readDockerIgnore(source.context, source.containerfile), hidden.value));
  return ok(['--ignorefile', path]);
}

/**
 * Allows plain HTTP to one host, for the images that the Containerfile builds FROM: the user's registries.conf with one
 * more entry. `--tls-verify=false` would allow it for every registry that the file names.
 */
async function insecureRegistry(
  host: string,
  folder: string,
  chosen: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  const usual = [join(homedir(), '.config/containers/registries.conf'), '/etc/containers/registries.conf'];
  const text =
    (chosen === undefined ? usual : [chosen]).map(read).find((content) => content !== undefined) ?? '';
  const path = join(folder, 'registries.conf');
  await writeFile(path, `${text}\n[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`);
  return { CONTAINERS_REGISTRIES_CONF: path };
}

async function hashOf(path: string): Promise<string> {
  try {
    return await sha256Of(path);
  } catch {
    return 'gone';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
