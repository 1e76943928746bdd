/**
 * Finds what others have changed in our objects: `kubectl scale`, `set image`, `rollout undo`, `edit`. The API server
 * knows who set which field last, and says so in a dry run of the apply. Writes nothing.
 */
import type { FieldConflict } from '../../cluster/conflicts.ts';
import type { Cluster, KubeObject } from '../../cluster/types.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { fieldAt, listAt, numberAt, stringAt } from '../../support/fields.ts';

/** An object as it should be, and as it is. */
export interface Pair {
  readonly wanted: KubeObject;
  readonly live: KubeObject;
}

/** An object in which someone else has changed fields. */
export interface Drift extends Pair {
  /** At least one. */
  readonly fields: readonly FieldConflict[];
}

/**
 * Finds the changed fields of each pair.
 *
 * @param manager the field manager that applies; entries of the same name are its own
 */
export async function findDrift(
  pairs: readonly Pair[],
  manager: string,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<Outcome<readonly Drift[]>> {
  const answers = await Promise.all(
    pairs.map(async ({ wanted, live }): Promise<Outcome<readonly FieldConflict[]>> => {
      if (!hasOtherManagers(live, manager)) return ok([]);
      return await cluster.conflicts(wanted, { fieldManager: manager }, signal);
    }),
  );
  const found: Drift[] = [];
  for (const [index, pair] of pairs.entries()) {
    const answer = answers[index];
    if (answer === undefined) continue;
    if (answer.kind !== 'ok') return answer;
    const fields = [...answer.value.filter((one) => one.manager !== manager), ...scaledToZero(pair)];
    if (fields.length > 0) found.push({ ...pair, fields });
  }
  return ok(found);
}

/**
 * True if the object has another manager. Without one there is nothing to ask. Entries for the status do not count: it
 * is never applied.
 */
function hasOtherManagers(live: KubeObject, manager: string): boolean {
  return listAt(live, 'metadata', 'managedFields').some(
    (entry) => stringAt(entry, 'manager') !== manager && stringAt(entry, 'subresource') !== 'status',
  );
}

/** `kubectl scale --replicas=0` takes the field from its owner, but the API server (1.34) records no new owner. */
function scaledToZero({ wanted, live }: Pair): FieldConflict[] {
  const asked = numberAt(wanted, 'spec', 'replicas') ?? 0;
  if (asked === 0 || numberAt(live, 'spec', 'replicas') !== 0) return [];
  const owned = listAt(live, 'metadata', 'managedFields').some(ownsReplicas);
  return owned ? [] : [{ field: '.spec.replicas' }];
}

/** True for an entry of `managedFields` that owns the number of replicas. */
export function ownsReplicas(entry: unknown): boolean {
  return fieldAt(entry, 'fieldsV1', 'f:spec', 'f:replicas') !== undefined;
}
