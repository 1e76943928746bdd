/**
 * Whether a deployed service goes away when `dev` ends, or stays until someone removes it. A label on the release's
 * record or on the inventory says so. It is not part of what is rendered, so it never causes a rollout. Pure.
 */
import { commandKey, lifetimeLabel, userLabel } from '../../core/labels.ts';
import { labelValue } from './ownership.ts';

/** `session`: `dev` (or `run --cleanup`) deployed it and removes it again. `kept`: it was deployed to stay. */
export type Lifetime = 'session' | 'kept';

/** Who deploys. */
export interface Maker {
  /** The command, such as `dev`. */
  readonly command: string;
  /** `user@host`. */
  readonly user: string;
}

/** The labels that say who deployed last, and for how long. */
export function markLabels(lifetime: Lifetime, { command, user }: Maker): Readonly<Record<string, string>> {
  return { [lifetimeLabel]: lifetime, [commandKey]: labelValue(command), [userLabel]: labelValue(user) };
}

/** What a service is for the `dev` of a user: `another` means that a session of somebody else brought it. */
export type Belonging = Lifetime | 'another';

/** What the labels of a record or inventory say to the `dev` of this user. */
export function belongingIn(labels: Readonly<Record<string, string>>, user: string): Belonging {
  const lifetime = lifetimeIn(labels);
  return lifetime === 'session' && labels[userLabel] !== labelValue(user) ? 'another' : lifetime;
}

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

/** The labels of `markLabels` among those of a record or inventory. */
export function marksIn(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const keys: readonly string[] = [lifetimeLabel, commandKey, userLabel];
  return Object.fromEntries(Object.entries(labels).filter(([key]) => keys.includes(key)));
}

/** True if a record or inventory has these labels already. */
export function isMarked(
  labels: Readonly<Record<string, string>>,
  marks: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(marks).every(([key, value]) => labels[key] === value);
}
