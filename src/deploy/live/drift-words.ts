/** Words for fields that someone else has changed: the warning, the refusal, and the note of a preview. Pure. */
import type { KubeObject } from '../../cluster/types.ts';
import { failed, type NotOk } from '../../core/outcome.ts';
import type { Drift } from './drift.ts';
import { valueAt } from './field-path.ts';
import { nameOf } from '../objects/kinds.ts';

/** The warning that an object's fields were set back. */
export function takenBack(drift: Drift): string {
  return told(drift, (value) => ` (set back${value === undefined ? '' : ` to ${value}`})`);
}

/** The note of a preview. `force`: the previewed deploy would set the fields back. */
export function wouldTakeBack(drift: Drift, force: boolean): string {
  const text = told(drift, (value) => ` (would be set back${value === undefined ? '' : ` to ${value}`})`);
  return force ? text : `${text}; without --force-conflicts, deploy refuses to do that`;
}

/** The refusal of a deploy that must not set fields back. */
export function refuseDrift(service: string, drifts: readonly Drift[]): NotOk {
  const list = drifts.map((drift) => told(drift, (value) => (value === undefined ? '' : ` (not ${value})`)));
  return failed('DEPLOY_FAILED', `${list.join('; ')}; nothing was applied`, {
    hint: `add --force-conflicts to set it back, or put the new value into your files; appdev diff ${service} shows both values`,
  });
}

/** `Deployment/web: kubectl changed .spec.replicas to 3…`. `end` receives the value that the field should have. */
function told({ wanted, live, fields }: Drift, end: (value?: string) => string): string {
  const clauses = fields.map(({ manager, field }) => {
    const now = shownValue(live, field);
    const to = now === undefined ? '' : ` to ${now}`;
    return `${manager ?? 'someone'} changed ${field}${to}${end(shownValue(wanted, field))}`;
  });
  return `${nameOf(wanted)}: ${clauses.join(', ')}`;
}

/** Longest value that fits on a line. An image with its digest is longer. */
const maxValue = 60;

/** A value that may be logged: an image or a number. Anything else in a manifest may be secret, or long. */
function shownValue(object: KubeObject, field: string): string | undefined {
  if (!/\.(image|replicas)$/.test(field)) return undefined;
  const value = valueAt(object, field);
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value);
  return text.length > maxValue ? `${text.slice(0, maxValue)}…` : text;
}
