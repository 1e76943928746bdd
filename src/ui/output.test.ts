import { describe, expect, test } from 'vitest';
import { chooseOutput, useColor, useUnicode, type OutputMode } from './output.ts';

type Row = [
  mode: OutputMode,
  isTerminal: boolean,
  env: Record<string, string>,
  kind: string,
  reason?: string,
];

test.each<Row>([
  ['auto', true, {}, 'tui'],
  ['auto', true, { CI: 'false' }, 'tui'],
  ['auto', false, {}, 'plain'],
  ['auto', true, { CI: 'true' }, 'plain'],
  ['auto', true, { CI: '1' }, 'plain'],
  ['auto', true, { CI: '' }, 'plain'],
  ['auto', true, { CONTINUOUS_INTEGRATION: '1' }, 'plain'],
  ['auto', true, { TERM: 'dumb' }, 'plain'],
  ['tui', true, {}, 'tui'],
  ['tui', false, {}, 'plain', 'using plain lines instead of the panel: standard output is not a terminal'],
  ['tui', true, { CI: 'true' }, 'plain', 'using plain lines instead of the panel: the variable CI is set'],
  ['tui', true, { TERM: 'dumb' }, 'plain', 'using plain lines instead of the panel: TERM is dumb'],
  ['plain', true, {}, 'plain'],
  ['json', true, {}, 'json'],
  ['json', false, { CI: 'true' }, 'json'],
])('--output %s, terminal %s, %j: %s', (mode, isTerminal, env, kind, reason) => {
  expect(chooseOutput(mode, isTerminal, env)).toEqual(reason === undefined ? { kind } : { kind, reason });
});

describe('colour', () => {
  test.each<readonly [boolean | undefined, boolean, Record<string, string>, boolean]>([
    [undefined, true, {}, true],
    [undefined, false, {}, false],
    [undefined, true, { TERM: 'dumb' }, false],
    [undefined, true, { CI: 'true' }, false],
    [undefined, true, { CI: 'true', FORCE_COLOR: '1' }, true],
    [undefined, true, { NO_COLOR: '1' }, false],
    [undefined, true, { NO_COLOR: '' }, true],
    [undefined, true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [undefined, false, { FORCE_COLOR: '1' }, true],
    [undefined, false, { CLICOLOR_FORCE: '1' }, true],
    [undefined, true, { FORCE_COLOR: '0' }, false],
    [false, true, { FORCE_COLOR: '1' }, false],
    [true, false, { NO_COLOR: '1' }, true],
  ])('flag %s, terminal %s, %j: %s', (flag, isTerminal, env, wanted) => {
    expect(useColor(flag, isTerminal, env)).toBe(wanted);
  });
});

describe('characters beyond ASCII', () => {
  test.each<readonly [Record<string, string>, NodeJS.Platform, boolean]>([
    [{ LANG: 'en_US.UTF-8' }, 'linux', true],
    [{ LANG: 'C.utf8' }, 'linux', true],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, 'linux', false],
    [{ LC_ALL: '', LC_CTYPE: 'de_DE.UTF-8', LANG: 'C' }, 'linux', true],
    [{}, 'linux', false],
    [{}, 'darwin', true],
    [{}, 'win32', false],
    [{ WT_SESSION: 'x' }, 'win32', true],
  ])('%j on %s: %s', (env, platform, wanted) => {
    expect(useUnicode(env, platform)).toBe(wanted);
  });
});
