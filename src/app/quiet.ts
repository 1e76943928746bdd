/** Makes work contexts for work outside of a run. They report no stages. */
import type { WorkContext } from '../build/types.ts';

/** A context that reports nothing and is cancelled by the signal. */
export function quietContext(signal: AbortSignal): WorkContext {
  const none = (): void => undefined;
  return { signal, report: { started: none, output: none, finished: none, warn: none } };
}
