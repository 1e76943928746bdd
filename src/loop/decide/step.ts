/**
 * One step of the reducer while it is being made: the state so far and the effects so far. Replaces values, never
 * mutates what the caller of `reduce` handed in.
 */
import type { EventBody } from '../../core/events.ts';
import type { Effect } from './messages.ts';
import type { LoopState, ServiceState } from './state.ts';

/** The part-way result of a reduction. */
export interface Step {
  state: LoopState;
  readonly effects: Effect[];
}

/** Replaces fields of the state. */
export function set(step: Step, fields: Partial<LoopState>): void {
  step.state = { ...step.state, ...fields };
}

/** Replaces one service by what `change` makes of it; a service that is not there stays so. */
export function update(step: Step, name: string, change: (service: ServiceState) => ServiceState): void {
  const service = step.state.services.get(name);
  if (service === undefined) return;
  set(step, { services: new Map(step.state.services).set(name, change(service)) });
}

/** The same object without an optional field. */
export function without<T extends object, K extends keyof T & string>(value: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as Omit<T, K>;
}

/** The same service without a pending change. */
export function withoutPending(service: ServiceState): ServiceState {
  return without(service, 'pending');
}

/** Adds an event to what the driver publishes. */
export function emit(step: Step, event: EventBody): void {
  step.effects.push({ kind: 'emit', event });
}
