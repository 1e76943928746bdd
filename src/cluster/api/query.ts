/** Lists and watches sets of objects. follow.ts repeats these requests; `Cluster.list` makes the list once. */
import { ok, type Outcome } from '../../core/outcome.ts';
import { codeOf, isFields, listAt, stringAt } from '../../support/fields.ts';
import { rejected, unreachable } from './failures.ts';
import type { FollowSource, Listed } from './follow.ts';
import { readLines } from '../../support/process/lines.ts';
import { pathOf, type Resource } from './resources.ts';
import type { Transport } from './transport.ts';
import type { KubeObject, ObjectQuery } from '../types.ts';

/** Largest number of objects in one page of a list; the same as client-go's pager. */
const pageSize = 500;
/** The server is asked to end a watch after four to five minutes. Each watch gets another time within that. */
const watchSeconds = [240, 300] as const;

/** Reads every page of a query's result. */
export async function listAll(
  transport: Transport,
  resource: Resource,
  query: ObjectQuery,
  signal: AbortSignal,
): Promise<Outcome<Listed>> {
  const { apiVersion, kind, namespace } = query;
  const objects: KubeObject[] = [];
  let from: string | undefined;
  for (;;) {
    const search = { ...selectorsOf(query), limit: String(pageSize), continue: from };
    const path = pathOf(resource, namespace, undefined, search);
    const answer = await transport.call({ method: 'GET', path }, signal);
    if (answer.kind !== 'ok') return answer;
    if (answer.value.status === 410 && from !== undefined) {
      // The pages became too old while they were read, so start again.
      objects.length = 0;
      from = undefined;
      continue;
    }
    if (answer.value.status !== 200)
      return rejected(answer.value, `list ${labelOf(query)}`, transport.identity);
    for (const item of listAt(answer.value.body, 'items')) {
      // Items of a typed list carry no kind of their own.
      if (isFields(item)) objects.push({ ...item, apiVersion, kind } as KubeObject);
    }
    from = stringAt(answer.value.body, 'metadata', 'continue');
    if (from === undefined || from === '') {
      return ok({
        objects,
        resourceVersion: stringAt(answer.value.body, 'metadata', 'resourceVersion') ?? '',
      });
    }
  }
}

/** The requests of a followed query. `locate` finds the kind's path, and may have to ask the server for it. */
export function followSource(
  transport: Transport,
  locate: (query: ObjectQuery, signal: AbortSignal) => Promise<Outcome<Resource>>,
  query: ObjectQuery,
): FollowSource {
  return {
    async list(signal) {
      const resource = await locate(query, signal);
      return resource.kind === 'ok' ? await listAll(transport, resource.value, query, signal) : resource;
    },
    async watch(resourceVersion, onLine, signal) {
      const resource = await locate(query, signal);
      if (resource.kind !== 'ok') return resource;
      const [shortest, longest] = watchSeconds;
      const path = pathOf(resource.value, query.namespace, undefined, {
        ...selectorsOf(query),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        timeoutSeconds: String(Math.round(shortest + Math.random() * (longest - shortest))),
      });
      const opened = await transport.open(path, signal);
      if (opened.kind !== 'ok') return opened;
      if (opened.value.kind === 'answer') {
        const { answer } = opened.value;
        // 410 at the start of the request means the same as 410 in the stream.
        if (answer.status === 410) onLine(JSON.stringify({ type: 'ERROR', object: { code: 410 } }));
        return rejected(answer, `watch ${labelOf(query)}`, transport.identity);
      }
      try {
        await readLines(opened.value.body, onLine);
        return ok(undefined);
      } catch (error) {
        if (codeOf(error) === '') throw error;
        return unreachable(error, transport.identity);
      }
    },
  };
}

function labelOf({ kind, namespace }: ObjectQuery): string {
  return namespace === undefined ? `${kind} in all namespaces` : `${kind} in ${namespace}`;
}

function selectorsOf(query: ObjectQuery): Record<string, string | undefined> {
  return { labelSelector: query.labelSelector, fieldSelector: query.fieldSelector };
}
