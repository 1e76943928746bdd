/**
 * Turns what a builder or a deployer reports into events of the session. Each has the service's name, the run's
 * number and the time that the stage took.
 */
import type { StageReporter } from '../../build/types.ts';
import type { Emit, StageOutcome, StageTiming } from '../../core/events.ts';
import type { Stage } from '../../core/routes.ts';

/** A run's reporter, with what it measured. */
export interface RunReporter {
  readonly report: StageReporter;
  /** Ends stages that cancelled or failed work has left open. Later reports are ignored. */
  close(outcome: StageOutcome): void;
  /** Finished stages, in the order in which they ended. */
  timings(): readonly StageTiming[];
  /** Milliseconds since the reporter was made. */
  elapsedMs(): number;
}

/** What a reporter is made from. */
export interface ReporterParts {
  readonly service: string;
  readonly run: number;
  readonly emit: Emit;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onStage?: (stage: Stage) => void;
}

/** Makes the reporter of one run, which starts to measure now. */
export function createRunReporter({ service, run, emit, now, onStage }: ReporterParts): RunReporter {
  const startedMs = now();
  const open = new Map<Stage, number>();
  const timings: StageTiming[] = [];
  let closed = false;

  const report: StageReporter = {
    started(stage) {
      if (closed) return;
      open.set(stage, now());
      emit({ type: 'stage.started', service, run, stage });
      onStage?.(stage);
    },
    output(stage, stream, line) {
      if (!closed) emit({ type: 'stage.output', service, run, stage, stream, line });
    },
    warn(message) {
      if (!closed) emit({ type: 'notice', level: 'warning', service, message });
    },
    finished(stage, outcome, detail) {
      if (closed) return;
      const ms = Math.round(now() - (open.get(stage) ?? now()));
      open.delete(stage);
      timings.push({ stage, ms, outcome });
      emit({
        type: 'stage.finished',
        service,
        run,
        stage,
        outcome,
        ms,
        ...(detail === undefined ? {} : { detail }),
      });
    },
  };

  return {
    report,
    close(outcome) {
      for (const stage of [...open.keys()]) report.finished(stage, outcome);
      closed = true;
    },
    timings: () => timings,
    elapsedMs: () => Math.round(now() - startedMs),
  };
}

/** One reporter for work that several runs share. Each of them sees every stage. */
export function sharedReporter(reporters: readonly StageReporter[]): StageReporter {
  return {
    started: (stage) => {
      for (const reporter of reporters) reporter.started(stage);
    },
    warn: (message) => {
      for (const reporter of reporters) reporter.warn(message);
    },
    output: (stage, stream, line) => {
      for (const reporter of reporters) reporter.output(stage, stream, line);
    },
    finished: (stage, outcome, detail) => {
      for (const reporter of reporters) reporter.finished(stage, outcome, detail);
    },
  };
}
