/**
 * How the reducer follows images of other services. A new image makes those services dirty that were rendered with
 * the old one, and no others.
 */
import type { LoopState, Pending, ServiceState, Uses } from './state.ts';
import { touchesCluster } from './run-stage.ts';
import { update, type Draft } from './draft.ts';

/** The same services, each with the image that it has now. */
export function newestOf({ services }: LoopState, uses: Uses): Uses {
  return Object.fromEntries(
    Object.entries(uses).map(([name, image]) => [name, services.get(name)?.made?.image ?? image]),
  );
}

/** The first service whose image changed since `service` was rendered with it. Undefined if there is none. */
export function staleUse(state: LoopState, service: ServiceState): string | undefined {
  const { activity } = service;
  // Until a run passes the gate, it is rendered with the newest images anyway.
  if (activity.kind !== 'idle' && !isApplying(service)) return undefined;
  const uses = activity.kind === 'idle' ? service.running.uses : activity.run.uses;
  const newest = newestOf(state, uses);
  return Object.keys(uses).find((name) => uses[name] !== newest[name]);
}

/** Makes services dirty that were rendered with an image that has changed since. It leaves dirty ones as they are. */
export function renewUsers(draft: Draft): void {
  if (draft.state.phase !== 'running') return;
  for (const [name, service] of draft.state.services) {
    if (service.pending !== undefined || service.removed) continue;
    const changed = staleUse(draft.state, service);
    const from = standsFor(service);
    if (changed === undefined || from === undefined) continue;
    const { change, fingerprint } = from;
    const pending: Pending = {
      ...{ change, fingerprint, paths: from.paths ?? [], kinds: from.kinds ?? [] },
      ...{ reason: `image of ${changed}`, asked: false, waits: service.spec.manual },
    };
    update(draft, name, (old) => ({ ...old, pending }));
  }
}

function isApplying({ activity }: ServiceState): boolean {
  return activity.kind === 'running' && !activity.run.atGate && touchesCluster(activity.run);
}

function standsFor({
  activity,
  last,
}: ServiceState):
  (Pick<Pending, 'change' | 'fingerprint'> & Partial<Pick<Pending, 'paths' | 'kinds'>>) | undefined {
  if (activity.kind !== 'idle') return activity.run;
  return last.kind === 'ok' || last.kind === 'failed' ? last : undefined;
}
