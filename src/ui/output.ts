/**
 * Chooses the reporter, and whether to use colour and characters beyond ASCII. Pure functions of flags and environment.
 */

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
export function chooseOutput(mode: OutputMode, isTerminal: boolean, env: NodeJS.ProcessEnv): OutputChoice {
  if (mode === 'json' || mode === 'plain') return { kind: mode };
  const obstacle = tuiObstacle(isTerminal, env);
  if (obstacle === undefined) return { kind: 'tui' };
  return mode === 'tui'
    ? { kind: 'plain', reason: `using plain lines instead of the panel: ${obstacle}` }
    : { kind: 'plain' };
}

/**
 * Whether to use colour. The first that is set decides: the flag (`--color`, `--no-color`); NO_COLOR (not empty, see
 * no-color.org); FORCE_COLOR or CLICOLOR_FORCE (not empty; 0 means no). Otherwise a terminal gets colour, unless TERM is
 * `dumb` or this is CI.
 */
export function useColor(flag: boolean | undefined, isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (flag !== undefined) return flag;
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'] ?? env['CLICOLOR_FORCE'] ?? '';
  if (forced === '0' || forced === 'false') return false;
  return forced !== '' || (isTerminal && env['TERM'] !== 'dumb' && !isCi(env));
}

/**
 * Whether the output supports UTF-8. POSIX: the first that is set of LC_ALL, LC_CTYPE and LANG decides. Windows:
 * terminals known to support it. macOS: yes if none is set, because programs started without a shell have none, and its
 * terminals support UTF-8.
 */
export function useUnicode(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] !== undefined;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined ? platform === 'darwin' : /utf-?8/i.test(locale);
}

/** True in CI, by the variables that CI services set. Ink uses the same rule and draws nothing then. */
function isCi(env: NodeJS.ProcessEnv): boolean {
  return ['CI', 'CONTINUOUS_INTEGRATION'].some((name) => {
    const value = env[name];
    return value !== undefined && value !== '0' && value !== 'false';
  });
}

function tuiObstacle(isTerminal: boolean, env: NodeJS.ProcessEnv): string | undefined {
  if (isCi(env)) return 'the variable CI is set';
  if (!isTerminal) return 'standard output is not a terminal';
  if (env['TERM'] === 'dumb') return 'TERM is dumb';
  return undefined;
}
