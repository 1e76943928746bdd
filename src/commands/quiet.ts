/** A work context for what runs outside of a run: it reports no stages. */
import type { WorkContext } from '../build/types.ts';

/** The context for a signal. */
export function quietContext(signal: AbortSignal): WorkContext {
  return { signal, report: { started: () => undefined, output: () => undefined, finished: () => undefined } };
}
