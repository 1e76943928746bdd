/**
 * Follows several queries at once and passes on what all of them say together. Passes on nothing until each has been
 * listed, so an empty set always means "there are none".
 */
import type { Cluster, ObjectQuery, Snapshot } from '../../cluster/types.ts';

/** Callbacks for the sets. */
export interface ObserveHandlers<Key extends string> {
  readonly onChange: (sets: Readonly<Record<Key, Snapshot>>) => void;
  /** The connection was lost. Called once until it is back. */
  readonly onLost?: (reason: string) => void;
  readonly onRegained?: () => void;
}

/** Follows the queries until the signal aborts. */
export function observe<Key extends string>(
  cluster: Cluster,
  queries: Readonly<Record<Key, ObjectQuery>>,
  handlers: ObserveHandlers<Key>,
  signal: AbortSignal,
): void {
  const keys = Object.keys(queries) as Key[];
  const sets = new Map<Key, Snapshot>();
  const lost = new Set<Key>();
  for (const key of keys) {
    cluster.follow(
      queries[key],
      {
        onSnapshot: (objects) => {
          if (signal.aborted) return;
          sets.set(key, objects);
          if (sets.size === keys.length) handlers.onChange(Object.fromEntries(sets) as Record<Key, Snapshot>);
        },
        onLost: (reason) => {
          if (lost.size === 0) handlers.onLost?.(reason);
          lost.add(key);
        },
        onRegained: () => {
          lost.delete(key);
          if (lost.size === 0) handlers.onRegained?.();
        },
      },
      signal,
    );
  }
}
