/** What the API server says about a server-side apply that meets fields of other managers. Pure. */
import { listAt, stringAt } from '../support/fields.ts';

/** A field that someone else has set to another value. */
export interface FieldConflict {
  /** Name of the other field manager, such as `kubectl-set`. Absent if the server records none. */
  readonly manager?: string;
  /** In the server's notation: `.spec.template.spec.containers[name="app"].image`. */
  readonly field: string;
}

/** The conflicts that a 409 names; empty for a 409 with another cause. */
export function conflictsIn(body: unknown): readonly FieldConflict[] {
  return listAt(body, 'details', 'causes').flatMap((cause) => {
    const field = stringAt(cause, 'field');
    if (stringAt(cause, 'reason') !== 'FieldManagerConflict' || field === undefined) return [];
    const manager = /conflict with "([^"]*)"/.exec(stringAt(cause, 'message') ?? '')?.[1];
    return [manager === undefined ? { field } : { manager, field }];
  });
}
