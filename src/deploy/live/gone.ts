/** Waits until objects are gone from the cluster. Watches; never polls. */
import type { Cluster, KubeObject, ObjectQuery } from '../../cluster/types.ts';
import { cancelled, failed, ok, type Outcome } from '../../core/outcome.ts';
import { onAbort } from '../../support/abort.ts';
import { listAt } from '../../support/fields.ts';
import { nameOf } from '../objects/kinds.ts';
import { observe } from './observe.ts';

/**
 * Waits until none of these objects (by uid) is left, for at most `limitMs`.
 *
 * @returns DEPLOY_FAILED, naming the objects that are left and the finalizers that hold them
 */
export async function waitUntilGone(
  objects: readonly KubeObject[],
  cluster: Cluster,
  limitMs: number,
  signal: AbortSignal,
): Promise<Outcome<void>> {
  const uids = new Set(objects.map(({ metadata }) => metadata.uid).filter((uid) => uid !== undefined));
  if (uids.size === 0) return ok(undefined);
  const queries: Record<string, ObjectQuery> = {};
  for (const { apiVersion, kind, metadata } of objects) {
    const place = metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
    queries[`${apiVersion} ${kind} ${metadata.namespace ?? ''}`] = { apiVersion, kind, ...place };
  }
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let left: readonly KubeObject[] = objects;
  const how = await new Promise<'gone' | 'late' | 'cancelled'>((resolve) => {
    const timer = setTimeout(() => resolve('late'), limitMs);
    const end = (): void => {
      clearTimeout(timer);
      resolve('cancelled');
    };
    onAbort(both, end);
    observe(
      cluster,
      queries,
      {
        onChange: (sets) => {
          left = Object.values(sets)
            .flat()
            .filter(({ metadata }) => uids.has(metadata.uid ?? ''));
          if (left.length === 0) resolve('gone');
        },
      },
      both,
    );
  });
  stop.abort();
  if (how === 'gone') return ok(undefined);
  if (how === 'cancelled') return cancelled(signal);
  const names = left.map((object) => {
    const finalizers = listAt(object, 'metadata', 'finalizers').map(String);
    return finalizers.length === 0 ? nameOf(object) : `${nameOf(object)} (held by ${finalizers.join(', ')})`;
  });
  return failed('DEPLOY_FAILED', `still there after ${Math.round(limitMs / 1000)} s: ${names.join(', ')}`, {
    hint: 'run kubectl describe to see what holds them, then appdev delete again',
  });
}

/**
 * How long to wait for graceful ends, in milliseconds: the longest grace period of these pods, plus time for the
 * deletion itself.
 */
export function goneLimitMs(pods: readonly KubeObject[]): number {
  const grace = pods.map((pod) => {
    const spec = pod['spec'] as { readonly terminationGracePeriodSeconds?: number } | undefined;
    return spec?.terminationGracePeriodSeconds ?? 30;
  });
  return (Math.max(0, ...grace) + 60) * 1000;
}
