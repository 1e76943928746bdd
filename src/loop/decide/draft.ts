/**
 * The state and the effects while the reducer works on one message. It replaces values. It never changes what the
 * caller of `reduce` handed in.
 */
import type { EventBody } from '../../core/events.ts';
import type { Effect } from './messages.ts';
import type { LoopState, ServiceState } from './state.ts';

/** What one call of `reduce` has so far. */
export interface Draft {
  state: LoopState;
  readonly effects: Effect[];
}

/** Replaces fields of the state. */
export function set(draft: Draft, fields: Partial<LoopState>): void {
  draft.state = { ...draft.state, ...fields };
}

/** Replaces one service by what `change` makes of it. Does nothing if there is no such service. */
export function update(draft: Draft, name: string, change: (service: ServiceState) => ServiceState): void {
  const service = draft.state.services.get(name);
  if (service === undefined) return;
  set(draft, { services: new Map(draft.state.services).set(name, change(service)) });
}

/** A copy of the object without an optional field. */
export function without<T extends object, K extends keyof T & string>(value: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as Omit<T, K>;
}

/** A copy of the service without a pending change. */
export function withoutPending(service: ServiceState): ServiceState {
  return without(service, 'pending');
}

/** Adds an event to what the driver publishes. */
export function emit(draft: Draft, event: EventBody): void {
  draft.effects.push({ kind: 'emit', event });
}
