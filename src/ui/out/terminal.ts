/** What the environment says about who reads the output: a terminal, a multiplexer, or the log of a CI service. */

/** CI services that read some lines of a job's output as commands. */
export type CiService = 'github' | 'azure' | 'teamcity' | 'gitlab';

/** The reader of the output, as far as variables tell. Whether a stream is a terminal at all, only the stream knows. */
export interface Terminal {
  /** True in CI, by Ink's own rule: Ink draws nothing then. */
  readonly ci: boolean;
  /** The CI services that run this job. */
  readonly ciServices: readonly CiService[];
  /** What NO_COLOR, FORCE_COLOR or CLICOLOR_FORCE ask for; undefined if none does. */
  readonly color: boolean | undefined;
  /** True if the terminal cannot move its cursor. */
  readonly dumb: boolean;
  /** True if the output may have characters beyond ASCII. */
  readonly unicode: boolean;
  /** The multiplexer between appdev and the terminal, if there is one. */
  readonly multiplexer: 'tmux' | 'screen' | undefined;
  /** The terminal's name for itself, e.g. `vscode`; empty if it gives none. */
  readonly program: string;
}
