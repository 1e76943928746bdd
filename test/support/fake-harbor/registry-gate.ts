/**
 * The `/v2/` side of the fake Harbor: who may do what, the policies in front of manifests and blobs, and the hand-over to
 * the real registry behind. What is pushed is read back from there.
 */
import { createHash } from 'node:crypto';
import { empty, problem, type Reply } from './answers.ts';
import type { HarborState, Principal, Project } from './state.ts';

/** A request of the distribution specification, in its parts. */
export interface RegistryRequest {
  readonly method: string;
  /** Undefined for `/v2/` and the catalog. */
  readonly repository: string | undefined;
  readonly kind: 'base' | 'catalog' | 'manifests' | 'blobs' | 'uploads' | 'tags' | 'referrers';
  /** Tag, digest or the upload's name. */
  readonly reference: string;
  readonly query: URLSearchParams;
  /** Undefined without an Authorization header. */
  readonly who: Principal | undefined;
  /** Scheme and host that the realm is made of. */
  readonly origin: string;
}

const registryHeader = { 'docker-distribution-api-version': 'registry/2.0' };

export function parseRegistryPath(path: string): Pick<RegistryRequest, 'repository' | 'kind' | 'reference'> {
  if (path === '/v2/' || path === '/v2') return { repository: undefined, kind: 'base', reference: '' };
  if (path === '/v2/_catalog') return { repository: undefined, kind: 'catalog', reference: '' };
  const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(path);
  if (upload !== null) return { repository: upload[1], kind: 'uploads', reference: upload[2] ?? '' };
  const match = /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/([^/]+)$/.exec(path);
  if (match === null) return { repository: undefined, kind: 'catalog', reference: '' };
  return {
    repository: match[1],
    kind: match[2] as RegistryRequest['kind'],
    reference: match[3] ?? '',
  };
}

/** The answer of Harbor's own; undefined if the registry behind is to answer. */
export function gateReply(state: HarborState, request: RegistryRequest): Reply | undefined {
  const refused = authorize(state, request);
  if (refused !== undefined) return refused;
  const { method, kind, repository, reference } = request;
  if (kind === 'base') {
    const headers = { 'content-type': 'application/json; charset=utf-8', ...registryHeader };
    return { status: 200, headers, body: '{}' };
  }
  if (repository === undefined) return undefined;
  const reading = method === 'GET' || method === 'HEAD';
  if (kind === 'referrers') {
    return {
      status: 200,
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json', 'x-total-count': '0' },
      body: `${JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [] })}\n`,
    };
  }
  if (kind === 'manifests' && reading) {
    const artifact = state.find(repository, reference);
    const prevented = artifact === undefined ? undefined : state.preventedBy(artifact);
    if (prevented === undefined) return undefined;
    const reply = problem(412, 'PROJECTPOLICYVIOLATION', prevented);
    return method === 'HEAD' ? { ...reply, body: '' } : reply;
  }
  if (kind === 'manifests' && method === 'PUT') {
    // By the tag alone, whatever the content, as Harbor does.
    if (state.find(repository, reference) !== undefined && state.isImmutable(repository, reference)) {
      return problem(
        412,
        'PRECONDITION',
        `Failed to process request due to '${repository}:${reference}' configured as immutable.`,
      );
    }
  }
  return undefined;
}

/** A blob whose upload ends: refused if the project's quota is too small for it. */
export function quotaReply(
  state: HarborState,
  project: Project,
  digest: string,
  size: number,
): Reply | undefined {
  const used = state.used(project);
  if (project.storageLimit < 0 || project.blobs.has(digest) || used + size <= project.storageLimit)
    return undefined;
  return problem(
    403,
    'DENIED',
    `adding ${bytes(size)} of storage resource, which when updated to current usage of ${bytes(used)} will exceed the configured upper limit of ${bytes(project.storageLimit)}.`,
  );
}

function bytes(count: number): string {
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} KiB` : `${(count / 1048576).toFixed(1)} MiB`;
}

function authorize(state: HarborState, request: RegistryRequest): Reply | undefined {
  const { method, kind, repository, who } = request;
  const known = who ?? ({ kind: 'anonymous' } as const);
  const refuse = (message: string, challenge: string): Reply =>
    problem(401, 'UNAUTHORIZED', `${message}: ${message}`, {
      ...registryHeader,
      'www-authenticate': challenge,
    });
  const action = ['GET', 'HEAD'].includes(method) ? 'pull' : method === 'DELETE' ? 'delete' : 'push';
  const scopes: string[] = [];
  if (repository !== undefined)
    scopes.push(`repository:${repository}:${action === 'push' ? 'pull,push' : action}`);
  const challenge =
    who === undefined
      ? `Bearer realm="${request.origin}/service/token",service="harbor-registry"${scopes.length === 0 ? '' : `,scope="${scopes.join(' ')}"`}`
      : 'Basic realm="harbor"';
  if (repository === undefined) {
    if (kind === 'catalog')
      return known.kind === 'admin' ? undefined : refuse('unauthorized to list catalog', challenge);
    if (known.kind !== 'anonymous') return undefined;
    return problem(401, 'UNAUTHORIZED', 'unauthorized: unauthorized', {
      ...registryHeader,
      'www-authenticate': challenge,
    });
  }
  if (who === undefined && action === 'pull')
    return refuse('authorize header needed to send HEAD to repository', challenge);
  const name = repository.split('/')[0] ?? '';
  const project = state.projects.get(name);
  if (project === undefined) return refuse(`project ${name} not found`, '');
  if (state.can(known, project, 'repository', action)) return undefined;
  return refuse(`unauthorized to access repository: ${repository}, action: ${action}`, challenge);
}

/** Writes down what the registry behind has just taken. */
export async function recordManifest(
  state: HarborState,
  backend: string,
  repository: string,
  reference: string,
  body: string,
): Promise<void> {
  const manifest = JSON.parse(body) as {
    mediaType?: string;
    annotations?: Record<string, string>;
    config?: { digest: string; size: number; mediaType: string };
    layers?: readonly { digest: string; size: number }[];
  };
  const { config, layers = [] } = manifest;
  const project = state.projects.get(repository.split('/')[0] ?? '');
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const image =
    config === undefined
      ? {}
      : ((await (await fetch(`http://${backend}/v2/${repository}/blobs/${config.digest}`)).json()) as Record<
          string,
          unknown
        >);
  project?.blobs.set(digest, Buffer.byteLength(body));
  for (const blob of [...(config === undefined ? [] : [config]), ...layers])
    project?.blobs.set(blob.digest, blob.size);
  state.addArtifact(
    {
      repository,
      digest,
      mediaType: manifest.mediaType ?? 'application/vnd.oci.image.manifest.v1+json',
      configMediaType: config?.mediaType ?? '',
      configDigest: config?.digest ?? '',
      size: [...layers, ...(config === undefined ? [] : [config])].reduce(
        (sum, { size }) => sum + size,
        Buffer.byteLength(body),
      ),
      annotations: manifest.annotations,
      config: image,
    },
    reference,
  );
}

/** What a proxy in front of Harbor says to a body that it finds too large: its own page, no JSON. */
export const tooLarge: Reply = {
  ...empty(413, { 'content-type': 'text/html', connection: 'close' }),
  body: '<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n</body>\r\n</html>\r\n',
};
