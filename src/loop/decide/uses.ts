/**
 * The reducer's part about images of other services: a new image of one makes those that were rendered with the old one
 * due again, and nobody else.
 */
import type { LoopState, Pending, ServiceState, Uses } from './state.ts';
import { update, type Step } from './step.ts';

/** The same services with the images that they have now. */
export function newestOf({ services }: LoopState, uses: Uses): Uses {
  return Object.fromEntries(
    Object.entries(uses).map(([name, image]) => [name, services.get(name)?.image ?? image]),
  );
}

/** A service whose image changed since the manifests that `service` stands for were rendered with it. */
export function staleUse(state: LoopState, service: ServiceState): string | undefined {
  const { activity } = service;
  // Before it is let through, a run is rendered with the newest anyway.
  if (activity.kind !== 'idle' && !isApplying(service)) return undefined;
  const uses = activity.kind === 'idle' ? service.uses : activity.run.uses;
  const newest = newestOf(state, uses);
  return Object.keys(uses).find((name) => uses[name] !== newest[name]);
}

/** Makes the users of changed images dirty, unless they are already. */
export function renewUsers(step: Step): void {
  if (step.state.phase !== 'running') return;
  for (const [name, service] of step.state.services) {
    if (service.pending !== undefined || service.removed) continue;
    const changed = staleUse(step.state, service);
    const from = standsFor(service);
    if (changed === undefined || from === undefined) continue;
    const { change, fingerprint } = from;
    const pending: Pending = {
      ...{ change, fingerprint, paths: from.paths ?? [] },
      ...{ reason: `image of ${changed}`, asked: false, waits: service.spec.manual },
    };
    update(step, name, (old) => ({ ...old, pending }));
  }
}

function isApplying({ activity }: ServiceState): boolean {
  if (activity.kind !== 'running' || activity.run.atGate) return false;
  return activity.run.stage === 'apply' || activity.run.stage === 'rollout';
}

function standsFor({
  activity,
  last,
}: ServiceState): (Pick<Pending, 'change' | 'fingerprint'> & Partial<Pick<Pending, 'paths'>>) | undefined {
  if (activity.kind !== 'idle') return activity.run;
  return last.kind === 'ok' || last.kind === 'failed' ? last : undefined;
}
