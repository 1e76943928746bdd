/**
 * Whether what is deployed goes when `dev` ends, or stays until somebody removes it. A label of the release's record, or of
 * the inventory, says so; it is no part of what is rendered, so that it never causes a rollout. Pure.
 */
import { lifetimeLabel } from '../../core/labels.ts';

/** `session`: `dev` (or `run --cleanup`) brought it, and takes it away. `kept`: it was deployed to stay. */
export type Lifetime = 'session' | 'kept';

/** What the labels of a record or inventory say. */
export function lifetimeIn(labels: Readonly<Record<string, string>>): Lifetime {
  return labels[lifetimeLabel] === 'session' ? 'session' : 'kept';
}

/**
 * What becomes of it with one more deploy: a session does not make its own what was there to stay, and a deploy that is to
 * stay makes it stay.
 *
 * @param asked what this command is for
 * @param before undefined where nothing is deployed
 */
export function nextLifetime(asked: Lifetime, before: Lifetime | undefined): Lifetime {
  return asked === 'kept' ? 'kept' : (before ?? 'session');
}
