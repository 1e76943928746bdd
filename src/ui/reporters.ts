/** The one place that makes the right reporters; Ink is imported only when the panel is drawn. */
import { relative } from 'node:path';
import type { Reporter } from './out/reporter.ts';
import { ciLineGuard } from './lines/ci.ts';
import { createJsonReporter } from './json.ts';
import type { KeyAction } from './view/keys.ts';
import { createLogFiles, logFileOf } from './log-file.ts';
import { useColor, useUnicode, type OutputChoice } from './output.ts';
import { createPlainReporter } from './lines/plain.ts';

/** What the reporters need from their process. */
export interface ReporterOptions {
  readonly choice: OutputChoice;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The folder that paths are shown relative to. */
  readonly cwd: string;
  /** `--color` or `--no-color`, where given. */
  readonly color?: boolean;
  /** Every line of the tools. */
  readonly verbose: boolean;
  /** Absolute folder of the log files, `.appdev/logs`; absent: none are written. */
  readonly logFolder?: string;
  /** Called for each key that asks the session for something; only the panel has keys. */
  readonly onKey: (action: KeyAction) => void;
  /** The bus's clock, in milliseconds since the epoch. */
  readonly now: () => number;
}

/** Makes the reporter for the choice, and the one that writes log files beside it. */
export async function createReporter(options: ReporterOptions): Promise<Reporter> {
  const { logFolder } = options;
  const screen = await createScreen(
    options,
    logFolder === undefined ? {} : { logPath: shownPath(options.cwd, logFolder) },
  );
  if (logFolder === undefined) return screen;
  const files = createLogFiles(logFolder);
  return {
    start(bus) {
      // Files first: an error card on the screen names a file that has the lines.
      files.start(bus);
      screen.start(bus);
    },
    async stop() {
      await screen.stop();
      await files.stop();
    },
  };
}

interface LogPaths {
  readonly logPath?: (service: string) => string;
}

async function createScreen(options: ReporterOptions, logPaths: LogPaths): Promise<Reporter> {
  const { choice, stdin, stdout, stderr, env, platform, verbose, onKey, now } = options;
  if (choice.kind === 'json') return createJsonReporter(stdout);
  const theme = { color: useColor(options.color, stdout.isTTY, env), unicode: useUnicode(env, platform) };
  if (choice.reason !== undefined) stderr.write(`${choice.reason}\n`);
  if (choice.kind === 'plain') {
    return createPlainReporter({ stdout, theme, verbose, now, guard: ciLineGuard(env), ...logPaths });
  }
  const { createTui } = await import('./panel/tui/tui.tsx');
  return createTui({ stdin, stdout, env, platform, theme, verbose, onKey, now, ...logPaths });
}

function shownPath(cwd: string, logFolder: string): (service: string) => string {
  return (service) => {
    const path = logFileOf(logFolder, service);
    const short = relative(cwd, path);
    return short.length < path.length ? short : path;
  };
}
