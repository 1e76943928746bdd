/** Reports a stage around the work that it names, so that every way out of the work ends the stage. */
import type { WorkContext } from '../../build/types.ts';
import type { StageOutcome } from '../../core/events.ts';
import type { Stage } from '../../core/routes.ts';
import { cancelled, type Outcome } from '../../core/outcome.ts';

/**
 * Runs work as one stage. `describe` returns the phrase to show beside a success (`revision 7`), and whether the result
 * already existed. Work does not begin if the signal has already fired.
 */
export async function inStage<T>(
  stage: Stage,
  context: WorkContext,
  work: () => Promise<Outcome<T>>,
  describe: (value: T) => { readonly detail?: string; readonly skipped?: boolean } = () => ({}),
): Promise<Outcome<T>> {
  if (context.signal.aborted) return cancelled(context.signal);
  context.report.started(stage);
  let outcome: StageOutcome = 'failed';
  let detail: string | undefined;
  try {
    const result = await work();
    outcome = result.kind;
    if (result.kind === 'ok') {
      const described = describe(result.value);
      if (described.skipped === true) outcome = 'skipped';
      detail = described.detail;
    }
    return result;
  } finally {
    context.report.finished(stage, outcome, detail);
  }
}
