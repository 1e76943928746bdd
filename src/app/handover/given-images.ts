/**
 * `--images NAME=REF`: images that were built elsewhere. A digest is used as it is. For a tag, the registry is asked once
 * for its digest, so that a tag that moves later does not change what is deployed. Registries are only read.
 */
import type { ServiceConfig } from '../../config/model.ts';
import { nearest } from '../../config/text/nearest.ts';
import type { Artifact } from '../../core/events.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import type { RegistryAccess } from '../../registry/login/access.ts';
import { createRegistryClient } from '../../registry/api/client.ts';
import { isLoopbackHost, parseReference, splitRegistryName } from '../../registry/reference.ts';
import { registryOf } from '../../registry/target.ts';
import type { Registry } from '../../registry/types.ts';
import { openAccess } from '../compose/access.ts';
import { runProcess } from '../../support/process/process.ts';
import type { Session } from '../session.ts';
import type { Work } from '../compose/work.ts';

/** One image that the command line sets for a service. */
export interface AskedImage {
  readonly service: string;
  /** Host and path together are the repository: `docker.io` and `library/nginx`. */
  readonly host: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** The names and settings of the session's registry. */
type Names = Pick<Registry, 'push' | 'pull' | 'insecure' | 'copy' | 'ca'>;

/** The host of a reference that names none, as in Docker. */
const defaultHost = 'docker.io';

/**
 * Reads the flag `--images`. NAME is any service of the project, or the repository of its image. The service need not
 * take part in the session, because the manifests of another service may use its image.
 *
 * @returns fails with USAGE if a value is not an image, or names an unknown service, or names a service again
 */
export function askedImages({ invocation, project }: Session): Outcome<readonly AskedImage[]> {
  const asked: AskedImage[] = [];
  for (const text of invocation.flags.images ?? []) {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0));
    const written = text.slice(at + 1);
    const reference = at < 0 ? undefined : parseReference(written);
    if (reference === undefined) {
      return failed('USAGE', `--images ${text} is not NAME=REF`, {
        hint: 'write e.g. --images orders=registry.example.com/shop/orders:1.4',
      });
    }
    const service = serviceFor(name, project.config.services);
    if (service.kind !== 'ok') return service;
    if (asked.some((one) => one.service === service.value)) {
      return failed('USAGE', `--images names the image of ${service.value} twice`, {
        hint: 'keep only one of them',
      });
    }
    const { host = defaultHost, path, tag, digest } = reference;
    if (tag === undefined && digest === undefined) {
      return failed('USAGE', `--images ${text} has neither a tag nor a digest`, {
        hint: `write ${name}=${written}:TAG, or ${name}=${written}@sha256:…`,
      });
    }
    const whole = host === defaultHost && !path.includes('/') ? `library/${path}` : path;
    asked.push({
      ...{ service: service.value, host, path: whole },
      ...(tag === undefined ? {} : { tag }),
      ...(digest === undefined ? {} : { digest }),
    });
  }
  return ok(asked);
}

function serviceFor(name: string, services: readonly ServiceConfig[]): Outcome<string> {
  const built = services.filter(({ image }) => image !== undefined);
  const found = built.find((one) => one.name === name || one.image?.repository === name);
  if (found !== undefined) return ok(found.name);
  const names = built.map((one) => one.name);
  const near = nearest(name, names);
  return failed('USAGE', `--images: there is no service '${name}' with an image`, {
    hint: near === undefined ? `services: ${names.join(', ')}` : `did you mean: ${near}`,
  });
}

/**
 * Makes artifacts from the images of the command line, by service. Asks the registry for the digest of each tag.
 *
 * @param work the session's registry and its access, if they are already open. Its push and pull names mean the same
 *   place. Absent: `registry` of appdev.yaml
 * @returns fails with a REGISTRY_… code if a tag does not exist, or the registry cannot be asked
 */
export async function resolveImages(
  session: Session,
  asked: readonly AskedImage[],
  work?: Pick<Work, 'images' | 'access'>,
): Promise<Outcome<ReadonlyMap<string, Artifact>>> {
  const artifacts = new Map<string, Artifact>();
  if (asked.length === 0) return ok(artifacts);
  const registry = work === undefined ? session.project.config.registry : registryOf(work.images);
  const access = work === undefined ? openAccess(session, registry, runProcess) : ok(work.access);
  if (access.kind !== 'ok') return access;
  for (const image of asked) {
    const { service, tag } = image;
    const digest = await digestOf(session, image, registry, access.value);
    if (digest.kind !== 'ok') return digest;
    const names = namesOf(`${image.host}/${image.path}`, registry);
    // A reference needs a tag in addition to its digest. This one is made from the digest.
    const shown = tag ?? (digest.value.split(':')[1] ?? '').slice(0, 16);
    artifacts.set(service, { service, ...names, tag: shown, digest: digest.value, inputHash: '' });
  }
  return ok(artifacts);
}

async function digestOf(
  { emit, signals }: Session,
  { service, host, path, tag, digest }: AskedImage,
  registry: Names | undefined,
  access: RegistryAccess,
): Promise<Outcome<string>> {
  if (digest !== undefined || tag === undefined) return ok(digest ?? '');
  const client = createRegistryClient({
    registry: { push: host, insecure: isInsecure(host, registry) },
    ...access.asking,
  });
  const found = await client.headManifest(`${host}/${path}`, tag, signals.shutdown);
  if (found.kind !== 'ok') return found;
  if (found.value === undefined) {
    return failed('REGISTRY_UNREACHABLE', `--images: the registry ${host} has no ${path}:${tag}`, {
      hint: 'push it first, or name another image',
    });
  }
  const message = `${service}: ${host}/${path}:${tag} is now ${found.value.digest}; appdev uses this digest`;
  emit({ type: 'notice', level: 'info', service, message });
  return ok(found.value.digest);
}

/** True for plain HTTP. As in container runtimes, that is used for the loopback; for other hosts only if configured. */
function isInsecure(host: string, registry: Names | undefined): boolean {
  const is = (name: string): boolean => splitRegistryName(name).host === host;
  if (registry !== undefined && is(registry.push)) return registry.insecure;
  if (registry !== undefined && is(registry.pull)) return (registry.copy ?? registry).insecure;
  return isLoopbackHost(host);
}

/** The push and pull names of a repository. They differ only in the session's own registry. */
function namesOf(
  repository: string,
  registry: Names | undefined,
): Pick<Artifact, 'repository' | 'pullRepository'> {
  if (registry === undefined) return { repository, pullRepository: repository };
  const { push, pull } = registry;
  for (const name of [push, pull]) {
    if (!repository.startsWith(`${name}/`)) continue;
    const rest = repository.slice(name.length + 1);
    return { repository: `${push}/${rest}`, pullRepository: `${pull}/${rest}` };
  }
  return { repository, pullRepository: repository };
}
