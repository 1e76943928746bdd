/** Finds Node's code of an error (`ECONNREFUSED`, `ENOENT`), also if the error is wrapped in others. */
import { fieldAt, listAt } from './fields.ts';

/**
 * The code of an error, or an empty text if it has none. Its causes are searched too, because `fetch` and connection
 * attempts to several addresses wrap the real error.
 */
export function codeOf(error: unknown): string {
  const code = fieldAt(error, 'code');
  if (typeof code === 'string') return code;
  const inner = listAt(error, 'errors')[0] ?? fieldAt(error, 'cause');
  return inner === undefined ? '' : codeOf(inner);
}
