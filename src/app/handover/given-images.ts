/**
 * `--images NAME=REF`: images that were built elsewhere. A reference by digest is taken at its word; a tag is resolved to
 * its digest by the registry, once, so that what is deployed cannot move under it. Reads registries and writes to none.
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

/** One image that the command line gives to a service. */
export interface AskedImage {
  readonly service: string;
  /** Where it is read, with host: `docker.io/library/nginx`. */
  readonly host: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** The registry's names, as far as they are known. */
type Names = Pick<Registry, 'push' | 'pull' | 'insecure' | 'copy' | 'ca'>;

/** Docker's rule for a reference without a host. */
const defaultHost = 'docker.io';

/**
 * Reads the flag. NAME is a service of the project, or the repository of its image; manifests of a service that takes part
 * may name the image of one that does not.
 *
 * @returns USAGE for what is no image, names no service of the project, or names one twice.
 */
export function askedImages({ invocation, project }: Session): Outcome<readonly AskedImage[]> {
  const asked: AskedImage[] = [];
  for (const text of invocation.lists['images'] ?? []) {
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
      return failed('USAGE', `--images names the image of ${service.value} twice`, { hint: 'keep one' });
    }
    const { host = defaultHost, path, tag, digest } = reference;
    if (tag === undefined && digest === undefined) {
      return failed('USAGE', `--images ${text} names neither a tag nor a digest`, {
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
  return failed('USAGE', `--images: no service with an image is called '${name}'`, {
    hint: near === undefined ? `services: ${names.join(', ')}` : `did you mean: ${near}`,
  });
}

/**
 * The artifacts of what was asked for, by service.
 *
 * @param work where this session's images go, and its access there, where that is opened already: the registry's push and
 *   pull names are the same place. Default: `registry` of appdev.yaml.
 * @returns REGISTRY_… for a tag that is not there, or cannot be asked for.
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
    // A reference needs some tag beside its digest; this one says which content it is.
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
      hint: 'push it first, or name another one',
    });
  }
  const message = `${service}: ${host}/${path}:${tag} is ${found.value.digest} now; that is what is used`;
  emit({ type: 'notice', level: 'info', service, message });
  return ok(found.value.digest);
}

/** As container runtimes have it: the loopback is reached over plain HTTP; any other host only where it is written down. */
function isInsecure(host: string, registry: Names | undefined): boolean {
  const is = (name: string): boolean => splitRegistryName(name).host === host;
  if (registry !== undefined && is(registry.push)) return registry.insecure;
  if (registry !== undefined && is(registry.pull)) return (registry.copy ?? registry).insecure;
  return isLoopbackHost(host);
}

/** The names under which an image of the session's registry is pushed and pulled; one of another has a single name. */
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
