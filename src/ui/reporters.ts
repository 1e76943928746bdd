/** Makes the reporters that the user's choice needs. Ink is imported only if the panel is used. */
import { relative } from 'node:path';
import type { Reporter } from './out/reporter.ts';
import type { Terminal } from './out/terminal.ts';
import { ciLineGuard } from './lines/ci.ts';
import { createJsonReporter } from './json.ts';
import type { KeyAction } from './view/keys.ts';
import { createLogFiles, logFileOf } from './log-file.ts';
import { useColor, type OutputChoice } from './output.ts';
import { createPlainReporter } from './lines/plain.ts';

/** What the reporters need from the process and the command line. */
export interface ReporterOptions {
  readonly choice: OutputChoice;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly terminal: Terminal;
  readonly platform: NodeJS.Platform;
  /** Paths are shown relative to this folder. */
  readonly cwd: string;
  /** True for `--color`, false for `--no-color`. Absent: neither was passed. */
  readonly color?: boolean;
  /** True: print every line of the tools. */
  readonly verbose: boolean;
  /** Absolute path of the folder for log files, `.appdev/logs`. Absent: none are written. */
  readonly logFolder?: string;
  /** Called for each key that asks the session to do something. Only the panel has keys. */
  readonly onKey: (action: KeyAction) => void;
  /** Called once if nobody reads standard output any more. */
  readonly onGone: () => void;
  /** The clock of the event bus, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Makes the chosen reporter together with the one that writes log files, as one reporter. */
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
      // Files come first, so that a file has its lines before an error card on the screen names it.
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
  const { choice, stdin, stdout, stderr, terminal, platform, verbose, onKey, onGone, now } = options;
  if (choice.kind === 'json') return createJsonReporter(stdout, onGone);
  const theme = { color: useColor(options.color, stdout.isTTY, terminal), unicode: terminal.unicode };
  if (choice.reason !== undefined) stderr.write(`${choice.reason}\n`);
  if (choice.kind === 'plain') {
    const guard = ciLineGuard(terminal.ciServices);
    return createPlainReporter({ stdout, theme, verbose, now, guard, onGone, ...logPaths });
  }
  const { createTui } = await import('./panel/tui/tui.tsx');
  return createTui({ stdin, stdout, terminal, platform, theme, verbose, onKey, now, ...logPaths });
}

function shownPath(cwd: string, logFolder: string): (service: string) => string {
  return (service) => {
    const path = logFileOf(logFolder, service);
    const short = relative(cwd, path);
    return short.length < path.length ? short : path;
  };
}
