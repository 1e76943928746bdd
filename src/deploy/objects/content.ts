/** Content hashes. They make "nothing changed" a fact, and do not depend on key order, machine or time. */
import { createHash } from 'node:crypto';
import { isFields } from '../../support/fields.ts';

/** A value's JSON with sorted keys, so that equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (!isFields(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** sha256 over the canonical JSON of a value, hex. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
