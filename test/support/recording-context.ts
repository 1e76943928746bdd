/** A work context that writes down what it is told, for tests that run real builds. */
import type { StageReporter, WorkContext } from '../../src/build/types.ts';

/** The context, and what was reported to it so far. */
export interface RecordingContext extends WorkContext {
  /** `started compile`, `finished compile ok`, in order. */
  readonly stages: string[];
  /** Output lines of all stages. */
  readonly lines: string[];
  /** Details of finished stages, by stage. */
  readonly details: Map<string, string>;
}

/** Makes one. `onLine` and `onStage` are called as well. */
export function recordingContext(
  signal: AbortSignal = new AbortController().signal,
  hooks: { readonly onStage?: (text: string) => void; readonly onLine?: (line: string) => void } = {},
): RecordingContext {
  const stages: string[] = [];
  const lines: string[] = [];
  const details = new Map<string, string>();
  const add = (text: string): void => {
    stages.push(text);
    hooks.onStage?.(text);
  };
  const report: StageReporter = {
    started: (stage) => {
      add(`started ${stage}`);
    },
    output: (_stage, _stream, line) => {
      lines.push(line);
      hooks.onLine?.(line);
    },
    warn: (message) => {
      lines.push(message);
    },
    finished: (stage, outcome, detail) => {
      if (detail !== undefined) details.set(stage, detail);
      add(`finished ${stage} ${outcome}`);
    },
  };
  return { signal, report, stages, lines, details };
}
