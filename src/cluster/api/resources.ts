/**
 * The API server's table of kinds: from `apiVersion` and `kind` to the path that serves it. Asks once for each group
 * and version. Asks again only for a kind that was missing, because a chart may just have installed it.
 */
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { fieldAt, listAt, stringAt } from '../../support/fields.ts';
import { rejected } from './failures.ts';
import type { Transport } from './transport.ts';

/** How the API server serves a kind. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  /** Name in paths, e.g. `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** `get`, `list`, `delete`, … */
  readonly verbs: readonly string[];
}

/** The table. */
export interface Resources {
  /** A kind, or undefined if the server does not serve it. */
  find(apiVersion: string, kind: string, signal: AbortSignal): Promise<Outcome<Resource | undefined>>;
  /** Every group and version, each alone and with every kind of it: `v1`, `v1/Pod`, …. */
  versions(signal: AbortSignal): Promise<Outcome<readonly string[]>>;
  /** Every kind that has a namespace and can be listed, in each group's preferred version. */
  namespaced(signal: AbortSignal): Promise<Outcome<readonly Resource[]>>;
}

/** Returns the table over a transport. */
export function createResources(transport: Transport): Resources {
  const known = new Map<string, readonly Resource[]>();

  async function ask(apiVersion: string, signal: AbortSignal): Promise<Outcome<readonly Resource[]>> {
    const path = rootOf(apiVersion);
    const answer = await transport.call({ method: 'GET', path }, signal);
    if (answer.kind !== 'ok') return answer;
    // The group is not served, or no longer, so none of its kinds exist.
    if (answer.value.status === 404) return ok([]);
    if (answer.value.status !== 200)
      return rejected(answer.value, `list the kinds of ${apiVersion}`, transport.identity);
    const resources = listAt(answer.value.body, 'resources').flatMap((item): Resource[] => {
      const plural = stringAt(item, 'name') ?? '';
      const kind = stringAt(item, 'kind') ?? '';
      // `pods/log` and the like are parts of a kind.
      if (plural === '' || plural.includes('/')) return [];
      const verbs = listAt(item, 'verbs').map(String);
      return [{ apiVersion, kind, plural, namespaced: fieldAt(item, 'namespaced') === true, verbs }];
    });
    known.set(apiVersion, resources);
    return ok(resources);
  }

  async function listGroups(signal: AbortSignal): Promise<Outcome<readonly unknown[]>> {
    const answer = await transport.call({ method: 'GET', path: '/apis' }, signal);
    if (answer.kind !== 'ok') return answer;
    if (answer.value.status !== 200) return rejected(answer.value, 'list the API groups', transport.identity);
    return ok(listAt(answer.value.body, 'groups'));
  }

  return {
    async find(apiVersion, kind, signal) {
      const cached = known.get(apiVersion)?.find((resource) => resource.kind === kind);
      if (cached !== undefined) return ok(cached);
      const asked = await ask(apiVersion, signal);
      return asked.kind === 'ok' ? ok(asked.value.find((resource) => resource.kind === kind)) : asked;
    },
    async versions(signal) {
      const groups = await listGroups(signal);
      if (groups.kind !== 'ok') return groups;
      const named = groups.value.flatMap((group) =>
        listAt(group, 'versions').map((version) => stringAt(version, 'groupVersion') ?? ''),
      );
      const versions = ['v1', ...named.filter((name) => name !== '')];
      const asked = await Promise.all(versions.map(async (version) => await ask(version, signal)));
      const found: string[] = [];
      for (const [index, version] of versions.entries()) {
        const kinds = asked[index];
        if (kinds?.kind === 'cancelled') return kinds;
        if (kinds?.kind !== 'ok') continue;
        found.push(version, ...kinds.value.map(({ kind }) => `${version}/${kind}`));
      }
      return ok([...new Set(found)]);
    },
    async namespaced(signal) {
      const groups = await listGroups(signal);
      if (groups.kind !== 'ok') return groups;
      const versions = [
        'v1',
        ...groups.value.map((group) => stringAt(group, 'preferredVersion', 'groupVersion') ?? ''),
      ];
      const found: Resource[] = [];
      for (const version of versions.filter((name) => name !== '')) {
        const asked = await ask(version, signal);
        // An aggregated API whose server is down answers 503. What it would list cannot be known.
        if (asked.kind !== 'ok') return asked;
        found.push(...asked.value.filter(({ namespaced, verbs }) => namespaced && verbs.includes('list')));
      }
      return ok(found);
    },
  };
}

/** The failure for a kind that the server does not serve. */
export function unknownKind(apiVersion: string, kind: string, server: string): Outcome<never> {
  return failed('DEPLOY_FAILED', `the API server ${server} does not serve ${kind} of ${apiVersion}`, {
    hint: 'install the CustomResourceDefinition for it, or fix apiVersion and kind',
  });
}

/** `/api/v1` for the core group, `/apis/GROUP/VERSION` for others. */
function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The path of a kind's objects, or of one object, with its query. */
export function pathOf(
  resource: Resource,
  namespace: string | undefined,
  name?: string,
  query: Readonly<Record<string, string | undefined>> = {},
): string {
  const place =
    resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
  return `${rootOf(resource.apiVersion)}${place}/${resource.plural}${object}${search}`;
}
