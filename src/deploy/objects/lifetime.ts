/**
 * Whether a deployed service goes away when `dev` ends, or stays until someone removes it. A label on the release's
 * record or on the inventory says so. It is not part of what is rendered, so it never causes a rollout. Pure.
 */
import { lifetimeLabel } from '../../core/labels.ts';

/** `session`: `dev` (or `run --cleanup`) deployed it and removes it again. `kept`: it was deployed to stay. */
export type Lifetime = 'session' | 'kept';

/** The lifetime that the labels of a record or inventory say. */
export function lifetimeIn(labels: Readonly<Record<string, string>>): Lifetime {
  return labels[lifetimeLabel] === 'session' ? 'session' : 'kept';
}

/**
 * The lifetime after one more deploy. A session never takes over what was there to stay, and a deploy that is meant to
 * stay makes it stay.
 *
 * @param asked the lifetime that this command wants
 * @param before undefined if nothing is deployed
 */
export function nextLifetime(asked: Lifetime, before: Lifetime | undefined): Lifetime {
  return asked === 'kept' ? 'kept' : (before ?? 'session');
}
