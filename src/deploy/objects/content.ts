/** Content hashes: what makes "nothing changed" a fact. Stable across key order, machines and time. */
import { createHash } from 'node:crypto';
import { isFields } from '../../support/fields.ts';

/** A value's JSON with sorted keys: equal data gives equal text, however it was written. */
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
