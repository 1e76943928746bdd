/** The types of commands, flags and the command line. The table, the parser and the commands share them. */
import type { Outcome } from '../core/outcome.ts';
import type { OutputMode } from '../ui/output.ts';
import type { Environment } from './environment.ts';
import type { FlagName, Flags } from './flags.ts';

/** A flag. If the command line does not have it, the environment variable `APPDEV_NAME` is used. */
export interface Flag {
  readonly short?: string;
  /** The placeholder for the value in the help text. */
  readonly value?: string;
  readonly help: string;
  /** What must be typed too, because the flag means nothing without it: another flag, or the first argument. */
  readonly needs?: { readonly flag: FlagName } | { readonly argument: string };
}

/** The command line after flags and their variables are merged, and where it was typed. */
export interface Invocation {
  readonly command: string;
  readonly positionals: readonly string[];
  readonly flags: Flags;
  readonly cwd: string;
  readonly environment: Environment;
}

/** A command of the program. */
export interface Command {
  readonly name: string;
  /** One line for `appdev --help`. */
  readonly summary: string;
  /** The arguments after the name, e.g. `[service…]`. */
  readonly synopsis: string;
  /** A paragraph for `appdev NAME --help`; each line holds whole sentences. */
  readonly description: string;
  /** The values of `--output` that mean something here, besides `auto`. */
  readonly outputs: readonly OutputMode[];
  /** The flags of this command in addition to the common ones, by name. */
  readonly flags: Readonly<Partial<Record<FlagName, Flag>>>;
  /**
   * Imports the function that runs the command. That function resolves to the exit code of the process. A failure before
   * the command could show anything by itself is a value, and src/cli.ts prints it.
   */
  readonly load: () => Promise<(invocation: Invocation) => Promise<Outcome<number>>>;
}
