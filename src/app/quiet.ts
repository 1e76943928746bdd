/** A work context for what runs outside of a run: it reports no stages. */
import type { WorkContext } from '../build/types.ts';

/** The context for a signal. */
export function quietContext(signal: AbortSignal): WorkContext {
  const none = (): void => undefined;
  return { signal, report: { started: none, output: none, finished: none, warn: none } };
}
