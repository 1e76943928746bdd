/** Decides how appdev speaks: which reporter, whether in colour, whether beyond ASCII. Pure functions of flags and environment. */

/** What `--output` may say. */
export type OutputMode = 'auto' | 'tui' | 'plain' | 'json';

/** The decision. `reason` is set when it is not what the user asked for, and is worth a line. */
export interface OutputChoice {
  readonly kind: 'tui' | 'plain' | 'json';
  readonly reason?: string;
}

/** Every value of `--output`. */
export const outputModes: readonly OutputMode[] = ['auto', 'tui', 'plain', 'json'];

/**
 * The reporter for this terminal. The panel needs a terminal that can move its cursor and never runs in CI (Ink would
 * draw nothing there): asked for all the same, it becomes plain lines, and the reason is given.
 */
export function chooseOutput(mode: OutputMode, isTerminal: boolean, env: NodeJS.ProcessEnv): OutputChoice {
  if (mode === 'json' || mode === 'plain') return { kind: mode };
  const obstacle = tuiObstacle(isTerminal, env);
  if (obstacle === undefined) return { kind: 'tui' };
  return mode === 'tui'
    ? { kind: 'plain', reason: `plain lines instead of the panel: ${obstacle}` }
    : { kind: 'plain' };
}

/**
 * Whether to colour. A flag (`--color`, `--no-color`) decides; then NO_COLOR (not empty; no-color.org), then
 * FORCE_COLOR or CLICOLOR_FORCE (not empty, not 0); else a terminal has colour, unless it is `dumb` or a CI service's.
 */
export function useColor(flag: boolean | undefined, isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  if (flag !== undefined) return flag;
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'] ?? env['CLICOLOR_FORCE'] ?? '';
  if (forced === '0' || forced === 'false') return false;
  return forced !== '' || (isTerminal && env['TERM'] !== 'dumb' && !isCi(env));
}

/**
 * Whether the output takes UTF-8: by POSIX's order LC_ALL, LC_CTYPE, LANG; on Windows by the terminals known to. macOS
 * programs started without a shell have none of these set, and its terminals take UTF-8.
 */
export function useUnicode(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] !== undefined;
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return locale === undefined ? platform === 'darwin' : /utf-?8/i.test(locale);
}

/** Whether the environment is a CI service's, by the variables that they set; the same rule as Ink's, which draws nothing then. */
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
