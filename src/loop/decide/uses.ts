/**
 * The reducer's part about images of other services: a new image of one makes those that were rendered with the old one
 * due again, and nobody else.
 */
import type { LoopState, Pending, ServiceState, Uses } from './state.ts';
import { touchesCluster } from './run-stage.ts';
import { update, type Draft } from './draft.ts';

/** The same services with the images that they have now. */
export function newestOf({ services }: LoopState, uses: Uses): Uses {
  return Object.fromEntries(
    Object.entries(uses).map(([name, image]) => [name, services.get(name)?.made?.image ?? image]),
  );
}

/** A service whose image changed since the manifests that `service` stands for were rendered with it. */
export function staleUse(state: LoopState, service: ServiceState): string | undefined {
  const { activity } = service;
  // Before it is let through, a run is rendered with the newest anyway.
  if (activity.kind !== 'idle' && !isApplying(service)) return undefined;
  const uses = activity.kind === 'idle' ? service.running.uses : activity.run.uses;
  const newest = newestOf(state, uses);
  return Object.keys(uses).find((name) => uses[name] !== newest[name]);
}

/** Makes the users of changed images dirty, unless they are already. */
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
