/** Chooses the reporter, and whether to use colour. Pure functions of the flags and of what is known of the terminal. */
import type { Terminal } from './out/terminal.ts';

/** The values of `--output`. */
export type OutputMode = 'auto' | 'tui' | 'plain' | 'json';

/** The chosen reporter. `reason` is set if it is not the one that the user asked for, and should be printed. */
export interface OutputChoice {
  readonly kind: 'tui' | 'plain' | 'json';
  readonly reason?: string;
}

/** All values of `--output`, for parsing and help. */
export const outputModes: readonly OutputMode[] = ['auto', 'tui', 'plain', 'json'];

/**
 * Chooses the reporter. The panel needs a terminal that can move its cursor, and it never runs in CI, where Ink draws
 * nothing. If the user asks for the panel and it cannot run, the choice is plain lines with a reason.
 */
export function chooseOutput(
  mode: OutputMode,
  isTerminal: boolean,
  terminal: Pick<Terminal, 'ci' | 'dumb'>,
): OutputChoice {
  if (mode === 'json' || mode === 'plain') return { kind: mode };
  const obstacle = tuiObstacle(isTerminal, terminal);
  if (obstacle === undefined) return { kind: 'tui' };
  return mode === 'tui'
    ? { kind: 'plain', reason: `using plain lines instead of the panel: ${obstacle}` }
    : { kind: 'plain' };
}

/**
 * Whether to use colour. The first that is set decides: the flag (`--color`, `--no-color`), then the environment's wish.
 * Otherwise a terminal gets colour, unless it is dumb or this is CI.
 */
export function useColor(
  flag: boolean | undefined,
  isTerminal: boolean,
  { color, dumb, ci }: Pick<Terminal, 'color' | 'dumb' | 'ci'>,
): boolean {
  return flag ?? color ?? (isTerminal && !dumb && !ci);
}

function tuiObstacle(isTerminal: boolean, { ci, dumb }: Pick<Terminal, 'ci' | 'dumb'>): string | undefined {
  if (ci) return 'the variable CI is set';
  if (!isTerminal) return 'standard output is not a terminal';
  if (dumb) return 'TERM is dumb';
  return undefined;
}
