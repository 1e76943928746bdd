/** A fake cluster that stores objects as the API server does, as far as uids and resourceVersions go. */
import { ok } from '../../src/core/outcome.ts';
import type { Cluster, KubeObject, ObjectRef } from '../../src/cluster/types.ts';

type FakeVerbs = Pick<Cluster, 'get' | 'list' | 'apply' | 'create' | 'replace' | 'remove'>;

/** The fake, and its objects by `Kind/name`. */
export interface FakeObjects {
  readonly cluster: Cluster;
  readonly stored: Map<string, KubeObject>;
}

/** Makes one without objects. */
export function fakeObjects(): FakeObjects {
  const stored = new Map<string, KubeObject>();
  let writes = 0;
  const keyOf = ({ kind, name }: Pick<ObjectRef, 'kind' | 'name'>): string => `${kind}/${name}`;
  const put = (object: KubeObject): KubeObject => {
    const key = keyOf({ kind: object.kind, name: object.metadata.name });
    writes += 1;
    const uid = stored.get(key)?.metadata.uid ?? `uid-${writes}`;
    const made = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(writes) } };
    stored.set(key, made);
    return made;
  };
  const liveOf = ({ kind, metadata: { name } }: KubeObject): KubeObject | undefined =>
    stored.get(keyOf({ kind, name }));
  const verbs: FakeVerbs = {
    get: (ref) => Promise.resolve(ok(stored.get(keyOf(ref)))),
    list: () => Promise.resolve(ok([])),
    apply: (object) => Promise.resolve(ok(put(object))),
    create: (object) => Promise.resolve(ok(liveOf(object) === undefined ? put(object) : 'exists')),
    replace: (object) => {
      const isCurrent = liveOf(object)?.metadata.resourceVersion === object.metadata.resourceVersion;
      return Promise.resolve(ok(isCurrent ? put(object) : 'conflict'));
    },
    remove: (ref, { resourceVersion }) => {
      const live = stored.get(keyOf(ref));
      const isThat = resourceVersion === undefined || live?.metadata.resourceVersion === resourceVersion;
      return Promise.resolve(ok(isThat && stored.delete(keyOf(ref)) ? 'deleted' : 'absent'));
    },
  };
  const identity = { namespace: 'shop', context: 'kind-dev' };
  return { cluster: { identity, ...verbs } as unknown as Cluster, stored };
}
