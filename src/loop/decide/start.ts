/**
 * How the reducer starts runs. It opens gates before the apply. It gives planned batches their numbers and starts
 * them. It announces why the others wait.
 */
import type { Hold } from '../../core/events.ts';
import { updateRun } from './finish.ts';
import type { RunOrder } from './messages.ts';
import { gateHold, plan, type PlannedBatch } from './plan.ts';
import { emit, set, update, withoutPending, type Draft } from './draft.ts';
import { newestOf } from './uses.ts';

/**
 * Lets runs go on to their apply if their needs are deployed, and if the images of others that they name are made.
 */
export function openGates(draft: Draft): void {
  if (draft.state.phase !== 'running') return;
  for (const [name, service] of draft.state.services) {
    if (service.activity.kind !== 'running' || !service.activity.run.atGate) continue;
    if (gateHold(draft.state, service) !== undefined) continue;
    const { id } = service.activity.run;
    const uses = newestOf(draft.state, service.activity.run.uses);
    // From here on the run counts as applying. A newer save must not cut it between the gate and the apply.
    updateRun(draft, name, id, (run) => ({ ...run, atGate: false, stage: 'apply', uses }));
    draft.effects.push({ kind: 'open-gate', run: id, running: service.running });
  }
}

/** Starts what the plan lets start, and announces why the rest waits. */
export function startPlanned(draft: Draft): void {
  const { start, holds } = plan(draft.state);
  if (draft.state.phase === 'running') announceHolds(draft, holds);
  for (const batch of start) startBatch(draft, batch);
}

function startBatch(draft: Draft, planned: PlannedBatch): void {
  const batch = draft.state.lastBatch + 1;
  set(draft, { lastBatch: batch });
  const orders: RunOrder[] = [];
  for (const name of planned.services) {
    const pending = draft.state.services.get(name)?.pending;
    if (pending === undefined) continue;
    const run = draft.state.lastRun + 1;
    set(draft, { lastRun: run });
    const { change, fingerprint, paths, kinds, reason, asked } = pending;
    const { route, because } = planned;
    const uses = newestOf(draft.state, draft.state.services.get(name)?.running.uses ?? {});
    update(draft, name, (service) => ({
      ...withoutPending(service),
      activity: {
        kind: 'running',
        run: {
          id: run,
          batch,
          change,
          fingerprint,
          paths,
          kinds,
          reason,
          route,
          force: asked,
          atGate: false,
          imageMade: false,
          uses,
          cancelAsked: false,
        },
      },
    }));
    orders.push({ service: name, run, change, fingerprint, route, force: asked });
    emit(draft, { type: 'run.started', service: name, run, change, route: route.route, because, reason });
  }
  draft.effects.push({ kind: 'start-batch', batch, orders });
}

/** Announces holds that are new, changed or gone. It repeats none. */
function announceHolds(draft: Draft, holds: ReadonlyMap<string, Hold>): void {
  const before = draft.state.holds;
  for (const service of before.keys()) {
    if (!holds.has(service)) emit(draft, { type: 'service.released', service });
  }
  for (const [service, hold] of holds) {
    const old = before.get(service);
    if (old === undefined || !sameHold(old, hold)) emit(draft, { type: 'service.held', service, hold });
  }
  set(draft, { holds });
}

function sameHold(a: Hold, b: Hold): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
