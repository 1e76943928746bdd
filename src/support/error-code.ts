/** Node's code of an error (`ECONNREFUSED`, `ENOENT`), wherever in the error it is. */
import { fieldAt, listAt } from './fields.ts';

/** The code, looked for in the error's causes too: `fetch` and happy eyeballs wrap what happened. Empty without one. */
export function codeOf(error: unknown): string {
  const code = fieldAt(error, 'code');
  if (typeof code === 'string') return code;
  const inner = listAt(error, 'errors')[0] ?? fieldAt(error, 'cause');
  return inner === undefined ? '' : codeOf(inner);
}
