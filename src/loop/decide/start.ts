/**
 * The reducer's part from a dirty service to a running run: gates before the apply are opened, planned batches get their
 * numbers and start, and what waits is announced with its hold.
 */
import type { Hold } from '../../core/events.ts';
import { updateRun } from './finish.ts';
import type { RunOrder } from './messages.ts';
import { gateHold, plan, type PlannedBatch } from './plan.ts';
import { emit, set, update, withoutPending, type Step } from './step.ts';
import { newestOf } from './uses.ts';

/** Lets runs whose needs are deployed by now, and whose images of others are made, go on to their apply. */
export function openGates(step: Step): void {
  if (step.state.phase !== 'running') return;
  for (const [name, service] of step.state.services) {
    if (service.activity.kind !== 'running' || !service.activity.run.atGate) continue;
    if (gateHold(step.state, service) !== undefined) continue;
    const { id } = service.activity.run;
    const uses = newestOf(step.state, service.activity.run.uses);
    // Let through is as good as applying: a newer save must not cut it between the two.
    updateRun(step, name, id, (run) => ({ ...run, atGate: false, stage: 'apply', uses }));
    step.effects.push({ kind: 'open-gate', run: id });
  }
}

/** Starts what the plan lets start, and says of the rest why it waits. */
export function startPlanned(step: Step): void {
  const { start, holds } = plan(step.state);
  if (step.state.phase === 'running') announceHolds(step, holds);
  for (const batch of start) startBatch(step, batch);
}

function startBatch(step: Step, planned: PlannedBatch): void {
  const batch = step.state.lastBatch + 1;
  set(step, { lastBatch: batch });
  const orders: RunOrder[] = [];
  for (const name of planned.services) {
    const pending = step.state.services.get(name)?.pending;
    if (pending === undefined) continue;
    const run = step.state.lastRun + 1;
    set(step, { lastRun: run });
    const { change, fingerprint, paths, reason, asked } = pending;
    const { route } = planned;
    const uses = newestOf(step.state, step.state.services.get(name)?.uses ?? {});
    update(step, name, (service) => ({
      ...withoutPending(service),
      activity: {
        kind: 'running',
        run: {
          id: run,
          batch,
          change,
          fingerprint,
          paths,
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
    emit(step, { type: 'run.started', service: name, run, change, route, reason });
  }
  step.effects.push({ kind: 'start-batch', batch, orders });
}

/** Says what changed since it was last said, and nothing twice. */
function announceHolds(step: Step, holds: ReadonlyMap<string, Hold>): void {
  const before = step.state.holds;
  for (const service of before.keys()) {
    if (!holds.has(service)) emit(step, { type: 'service.released', service });
  }
  for (const [service, hold] of holds) {
    const old = before.get(service);
    if (old === undefined || !sameHold(old, hold)) emit(step, { type: 'service.held', service, hold });
  }
  set(step, { holds });
}

function sameHold(a: Hold, b: Hold): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
