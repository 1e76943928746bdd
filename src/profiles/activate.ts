/**
 * Decides which profiles are active, and why. The rules are Skaffold's:
 * - A condition holds if it equals the fact, or if it is a regular expression that matches a part of it. `!` negates.
 * - All conditions of one entry must hold. One entry is enough.
 * - Profiles that activate themselves come first, in the order of the file; then those of `-p`, in their order.
 */
import type { ActivationDocument, ProfileDocument } from '../config/schema/document.ts';
import { variableIn, type Variables } from '../config/text/variables.ts';

/** The facts that the conditions of an activation are compared with. */
export interface ActivationFacts {
  readonly variables: Variables;
  /** The context that appdev will deploy to, if known. */
  readonly kubeContext: string | undefined;
  /** The command that runs, e.g. `dev`. */
  readonly command: string;
}

/** An active profile, and why it is active. */
export interface ActiveProfile {
  readonly name: string;
  /** For the user: `-p`, or the conditions that held. */
  readonly reason: string;
  /** True if a condition on the context made it active. */
  readonly byContext: boolean;
}

/**
 * The active profiles in the order in which they apply.
 *
 * @param asked the values of `-p` in their order; `-name` switches off a profile that came before
 * @param autoActivation false: only `asked` counts
 */
export function activeProfiles(
  profiles: readonly Pick<ProfileDocument, 'name' | 'activation'>[],
  asked: readonly string[],
  autoActivation: boolean,
  facts: ActivationFacts,
): ActiveProfile[] {
  let active: ActiveProfile[] = [];
  for (const { name, activation } of autoActivation ? profiles : []) {
    const entry = activation.find((candidate) => holds(candidate, facts));
    if (entry !== undefined) {
      active.push({ name, reason: conditionsText(entry), byContext: entry.kubeContext !== undefined });
    }
  }
  for (const name of asked) {
    if (name.startsWith('-')) active = active.filter((profile) => profile.name !== name.slice(1));
    else if (!active.some((profile) => profile.name === name)) {
      active.push({ name, reason: '-p', byContext: false });
    }
  }
  return active;
}

/** True if all conditions of an entry hold. An entry without conditions never holds. */
function holds(entry: ActivationDocument, facts: ActivationFacts): boolean {
  const results: boolean[] = [];
  if (entry.env !== undefined) results.push(envHolds(entry.env, facts.variables));
  if (entry.kubeContext !== undefined) results.push(contextHolds(entry.kubeContext, facts.kubeContext));
  if (entry.command !== undefined) results.push(fits(entry.command, facts.command));
  return results.length > 0 && results.every(Boolean);
}

/** `NAME=` holds if the variable is empty or not set, `NAME=!` if it has a value. */
function envHolds(condition: string, variables: Variables): boolean {
  const at = condition.indexOf('=');
  const actual = variableIn(variables, condition.slice(0, at)) ?? '';
  const wanted = condition.slice(at + 1);
  if (wanted === '') return actual === '';
  if (wanted === '!') return actual !== '';
  return fits(wanted, actual);
}

/** An unknown context matches no pattern, so a negated condition holds. */
function contextHolds(wanted: string, actual: string | undefined): boolean {
  return actual === undefined ? wanted.startsWith('!') : fits(wanted, actual);
}

function fits(wanted: string, actual: string): boolean {
  const negated = wanted.startsWith('!');
  const pattern = negated ? wanted.slice(1) : wanted;
  return (pattern === actual || new RegExp(pattern).test(actual)) !== negated;
}

function conditionsText(entry: ActivationDocument): string {
  const parts = Object.entries(entry) as [string, string][];
  return `activation ${parts.map(([kind, wanted]) => `${kind} "${wanted}"`).join(' and ')}`;
}
