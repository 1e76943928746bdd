/** What a command is, a flag, and what the user typed: the types that the table, the parser and the commands share. */

/** A flag: `--name`, its letter, and the variable `APPDEV_NAME` where the command line does not say. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times; in the variable the values stand between commas. */
  readonly multiple?: boolean;
  /** What stands for the value in the help text. */
  readonly value?: string;
  readonly help: string;
}

/** What the user typed, after flags and variables were merged: a missing flag is absent. */
export interface Invocation {
  readonly command: string;
  readonly positionals: readonly string[];
  readonly strings: Readonly<Record<string, string>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly booleans: Readonly<Record<string, boolean>>;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A command of the program. */
export interface Command {
  readonly name: string;
  /** One line for `appdev --help`. */
  readonly summary: string;
  /** What may follow the name, e.g. `[service…]`. */
  readonly synopsis: string;
  /** A paragraph for `appdev NAME --help`. */
  readonly description: string;
  /** What this command takes beside the common flags, by name. */
  readonly flags: Readonly<Record<string, Flag>>;
  /** Imports what runs it; that resolves to the process's exit code. */
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}
