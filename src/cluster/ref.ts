/** One object, as the verbs of a cluster name it. Pure. */
import type { KubeObject, ObjectQuery, ObjectRef } from './types.ts';

/** The reference that names an object. */
export function refOf({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** The query whose only answer is that object, for following one object. */
export function queryFor({ name, ...of }: ObjectRef): ObjectQuery {
  return { ...of, fieldSelector: `metadata.name=${name}` };
}
