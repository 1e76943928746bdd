/**
 * The `Cluster` over the API server's own HTTP interface. Objects go in and out as plain data, and every answer becomes
 * an outcome. Does not decide what may be written where; the guard and the deployer do.
 */
import { ok, type Outcome } from '../../core/outcome.ts';
import { fieldAt, isFields, stringAt } from '../../support/fields.ts';
import { mayI, type Access } from './rights.ts';
import { attach } from './attach.ts';
import { conflictsIn } from '../conflicts.ts';
import { connect } from './connect.ts';
import { readContainerLog } from './container-log.ts';
import { loadCredentials } from './credentials.ts';
import { exec } from './exec.ts';
import { reasonOf, rejected, type ApiAnswer } from './failures.ts';
import { follow, followTiming, type FollowTiming } from './follow.ts';
import { followSource, listAll } from './query.ts';
import { refOf, type Cluster, type ClusterIdentity, type KubeObject, type ObjectRef } from '../types.ts';
import { createResources, pathOf, unknownKind, type Resource } from './resources.ts';
import { createTransport, type ApiCall, type TransportOptions } from './transport.ts';

/** The field manager of appdev's own applies. */
export const fieldManager = 'appdev';

/** Options of a connection. */
export interface ClusterOptions extends TransportOptions {
  readonly followTiming?: FollowTiming;
}

/** A cluster with extra functions that only the composition root and cluster/hold/namespace.ts need. */
export interface OpenCluster extends Cluster {
  /** Every kind that has a namespace and can be listed, in each group's preferred version. */
  namespacedKinds(
    signal: AbortSignal,
  ): Promise<Outcome<readonly { readonly apiVersion: string; readonly kind: string }[]>>;
  /** Whether this user may do something, according to the API server's authorizer. */
  mayI(access: Access, signal: AbortSignal): Promise<Outcome<boolean>>;
  /** Closes every connection, including those in use. */
  close(): void;
}

/** Prepares the connection for an identity from `selectCluster`. Contacts nothing until the first call. */
export async function openCluster(
  identity: ClusterIdentity,
  options: ClusterOptions = {},
): Promise<Outcome<OpenCluster>> {
  const credentials = await loadCredentials(identity);
  if (credentials.kind !== 'ok') return credentials;
  const transport = createTransport(identity, credentials.value, options);
  const resources = createResources(transport);

  async function locate(
    of: Pick<ObjectRef, 'apiVersion' | 'kind'>,
    signal: AbortSignal,
  ): Promise<Outcome<Resource>> {
    const found = await resources.find(of.apiVersion, of.kind, signal);
    if (found.kind !== 'ok') return found;
    return found.value === undefined ? unknownKind(of.apiVersion, of.kind, identity.server) : ok(found.value);
  }

  /** Sends a call and returns the answer's object. `accept` may turn other statuses into values of its own. */
  async function objectFrom<T = never>(
    call: ApiCall,
    what: string,
    signal: AbortSignal,
    accept: (answer: ApiAnswer) => Outcome<T> | undefined = () => undefined,
  ): Promise<Outcome<KubeObject | T>> {
    const answer = await transport.call(call, signal);
    if (answer.kind !== 'ok') return answer;
    if (isSuccess(answer.value)) return objectOf(answer.value, what);
    return accept(answer.value) ?? rejected(answer.value, what, identity);
  }

  function objectOf(answer: ApiAnswer, what: string): Outcome<KubeObject> {
    if (isKubeObject(answer.body)) return ok(answer.body);
    return rejected({ status: answer.status, body: 'the answer is not an object' }, what, identity);
  }

  const cluster: OpenCluster = {
    identity,
    async get(ref, signal) {
      const resource = await resources.find(ref.apiVersion, ref.kind, signal);
      if (resource.kind !== 'ok') return resource;
      if (resource.value === undefined) return ok(undefined);
      const path = pathOf(resource.value, ref.namespace, ref.name);
      return await objectFrom<undefined>(
        { method: 'GET', path },
        `read ${labelOf(ref)}`,
        signal,
        ({ status }) => (status === 404 ? ok(undefined) : undefined),
      );
    },
    async list(query, signal) {
      const resource = await resources.find(query.apiVersion, query.kind, signal);
      if (resource.kind !== 'ok') return resource;
      // If the kind is not served, there are no objects of it.
      if (resource.value === undefined) return ok([]);
      const listed = await listAll(transport, resource.value, query, signal);
      return listed.kind === 'ok' ? ok(listed.value.objects) : listed;
    },
    async serves({ apiVersion, kind }, signal) {
      const resource = await resources.find(apiVersion, kind, signal);
      return resource.kind === 'ok' ? ok(resource.value !== undefined) : resource;
    },
    async apply(object, settings, signal) {
      const ref = refOf(object);
      const resource = await locate(ref, signal);
      if (resource.kind !== 'ok') return resource;
      const path = pathOf(resource.value, ref.namespace, ref.name, {
        fieldManager: settings.fieldManager ?? fieldManager,
        force: settings.force === true ? 'true' : undefined,
        dryRun: settings.dryRun === true ? 'All' : undefined,
        // Like kubectl: a field that the kind does not have is an error and is not dropped silently.
        fieldValidation: settings.lenient === true ? 'Ignore' : 'Strict',
      });
      const call = { ...applyCall, path, body: withoutServerFields(object) };
      return await objectFrom(call, `apply ${labelOf(ref)}`, signal);
    },
    async conflicts(object, settings, signal) {
      const ref = refOf(object);
      const resource = await locate(ref, signal);
      if (resource.kind !== 'ok') return resource;
      const query = { fieldManager: settings.fieldManager, dryRun: 'All', fieldValidation: 'Ignore' };
      const path = pathOf(resource.value, ref.namespace, ref.name, query);
      const call = { ...applyCall, path, body: withoutServerFields(object) };
      const answer = await transport.call(call, signal);
      return answer.kind === 'ok' ? ok(conflictsIn(answer.value.body)) : answer;
    },
    async remove(ref, settings, signal) {
      const resource = await resources.find(ref.apiVersion, ref.kind, signal);
      if (resource.kind !== 'ok') return resource;
      if (resource.value === undefined) return ok('absent');
      const { uid, resourceVersion, graceSeconds } = settings;
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }),
        ...(uid === undefined && resourceVersion === undefined
          ? {}
          : { preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) } }),
      };
      const path = pathOf(resource.value, ref.namespace, ref.name);
      const answer = await transport.call({ method: 'DELETE', path, body }, signal);
      if (answer.kind !== 'ok') return answer;
      const { status } = answer.value;
      if (isSuccess(answer.value)) return ok('deleted');
      // 409 answers the precondition: the object there now is another one, or in another state.
      if (status === 404 || (status === 409 && 'preconditions' in body)) return ok('absent');
      return rejected(answer.value, `delete ${labelOf(ref)}`, identity);
    },
    async create(object, signal) {
      const ref = refOf(object);
      const resource = await locate(ref, signal);
      if (resource.kind !== 'ok') return resource;
      const path = pathOf(resource.value, ref.namespace, undefined, { fieldManager });
      return await objectFrom<'exists'>(
        { method: 'POST', path, body: object },
        `create ${labelOf(ref)}`,
        signal,
        (answer) =>
          answer.status === 409 && reasonOf(answer.body) === 'AlreadyExists' ? ok('exists') : undefined,
      );
    },
    async replace(object, signal) {
      const ref = refOf(object);
      const resource = await locate(ref, signal);
      if (resource.kind !== 'ok') return resource;
      const path = pathOf(resource.value, ref.namespace, ref.name, { fieldManager });
      return await objectFrom<'conflict'>(
        { method: 'PUT', path, body: object },
        `replace ${labelOf(ref)}`,
        signal,
        ({ status }) => (status === 409 ? ok('conflict') : undefined),
      );
    },
    follow(query, handlers, signal) {
      const source = followSource(transport, locate, query);
      void follow(source, handlers, signal, options.followTiming ?? followTiming);
    },
    logs: async (request, onLine, signal) => await readContainerLog(transport, request, onLine, signal),
    exec: async (target, command, signal) => await exec(transport, target, command, signal),
    attach: async (target, source, signal) => await attach(transport, target, source, signal),
    connect: async (target, socket) => await connect(transport, target, socket),
    async version(signal) {
      const answer = await transport.call({ method: 'GET', path: '/version' }, signal);
      if (answer.kind !== 'ok') return answer;
      const version = stringAt(answer.value.body, 'gitVersion');
      return version === undefined ? rejected(answer.value, 'read the version', identity) : ok(version);
    },
    apiVersions: async (signal) => await resources.versions(signal),
    namespacedKinds: async (signal) => await resources.namespaced(signal),
    mayI: async (access, signal) => await mayI(transport, access, signal),
    close: () => transport.close(),
  };
  return ok(cluster);
}

/** What makes a request a server-side apply. */
const applyCall = { method: 'PATCH', contentType: 'application/apply-patch+yaml' } as const;

function isSuccess(answer: ApiAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

function isKubeObject(value: unknown): value is KubeObject {
  return isFields(value) && typeof fieldAt(value, 'metadata', 'name') === 'string';
}

function labelOf(ref: ObjectRef): string {
  return `${ref.kind}/${ref.name}${ref.namespace === undefined ? '' : ` in ${ref.namespace}`}`;
}

/** The object without `managedFields`, which objects from the server carry and server-side apply refuses. */
function withoutServerFields(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } };
}
