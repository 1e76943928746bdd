import { describe, expect, test } from 'vitest';
import { chooseOutput, useColor, type OutputMode } from './output.ts';

type Row = [
  mode: OutputMode,
  isTerminal: boolean,
  terminal: { ci?: true; dumb?: true },
  kind: string,
  reason?: string,
];

test.each<Row>([
  ['auto', true, {}, 'tui'],
  ['auto', false, {}, 'plain'],
  ['auto', true, { ci: true }, 'plain'],
  ['auto', true, { dumb: true }, 'plain'],
  ['tui', true, {}, 'tui'],
  ['tui', false, {}, 'plain', 'using plain lines instead of the panel: standard output is not a terminal'],
  ['tui', true, { ci: true }, 'plain', 'using plain lines instead of the panel: the variable CI is set'],
  ['tui', true, { dumb: true }, 'plain', 'using plain lines instead of the panel: TERM is dumb'],
  ['plain', true, {}, 'plain'],
  ['json', true, {}, 'json'],
  ['json', false, { ci: true }, 'json'],
])('--output %s, terminal %s, %j: %s', (mode, isTerminal, terminal, kind, reason) => {
  const choice = chooseOutput(mode, isTerminal, { ci: false, dumb: false, ...terminal });
  expect(choice).toEqual(reason === undefined ? { kind } : { kind, reason });
});

describe('colour', () => {
  test.each<readonly [boolean | undefined, boolean, { ci?: true; dumb?: true; color?: boolean }, boolean]>([
    [undefined, true, {}, true],
    [undefined, false, {}, false],
    [undefined, true, { dumb: true }, false],
    [undefined, true, { ci: true }, false],
    [undefined, true, { ci: true, color: true }, true],
    [undefined, true, { color: false }, false],
    [undefined, false, { color: true }, true],
    [false, true, { color: true }, false],
    [true, false, { color: false }, true],
  ])('flag %s, terminal %s, %j: %s', (flag, isTerminal, terminal, wanted) => {
    const facts = { ci: false, dumb: false, color: undefined, ...terminal };
    expect(useColor(flag, isTerminal, facts)).toBe(wanted);
  });
});
