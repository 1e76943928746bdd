/** The activation table, row by row, and the order of profiles. */
import { describe, expect, it } from 'vitest';
import type { ActivationDocument } from '../config/schema/document.ts';
import { activeProfiles, type ActivationFacts } from './activate.ts';

const facts: ActivationFacts = {
  variables: { CI: 'true', EMPTY: '', STAGE: 'team-dev' },
  kubeContext: 'kind-shop',
  command: 'dev',
};

function isActive(activation: ActivationDocument[], changed: Partial<ActivationFacts> = {}): boolean {
  return activeProfiles([{ name: 'p', activation }], [], true, { ...facts, ...changed }).length === 1;
}

describe('activation', () => {
  it.each<[ActivationDocument[], boolean]>([
    [[], false],
    [[{}], false],
    [[{ env: 'CI=true' }], true],
    [[{ env: 'CI=false' }], false],
    [[{ env: 'CI=tr' }], true],
    [[{ env: 'CI=^tr$' }], false],
    [[{ env: 'CI=!true' }], false],
    [[{ env: 'CI=!false' }], true],
    [[{ env: 'CI=' }], false],
    [[{ env: 'EMPTY=' }], true],
    [[{ env: 'MISSING=' }], true],
    [[{ env: 'constructor=' }], true],
    [[{ env: 'CI=!' }], true],
    [[{ env: 'EMPTY=!' }], false],
    [[{ env: 'MISSING=!' }], false],
    [[{ env: 'MISSING=!x' }], true],
    [[{ env: 'MISSING=x' }], false],
    [[{ env: 'STAGE=team-(dev|test)' }], true],
    [[{ kubeContext: 'kind-shop' }], true],
    [[{ kubeContext: 'kind-.*' }], true],
    [[{ kubeContext: '!kind-.*' }], false],
    [[{ kubeContext: 'minikube' }], false],
    [[{ kubeContext: '!minikube' }], true],
    [[{ command: 'dev' }], true],
    [[{ command: 'dev|run' }], true],
    [[{ command: '!dev' }], false],
    [[{ command: 'run' }], false],
    // and within an entry
    [[{ env: 'CI=true', kubeContext: 'kind-.*', command: 'dev' }], true],
    [[{ env: 'CI=true', kubeContext: 'kind-.*', command: 'run' }], false],
    // or between entries
    [[{ command: 'run' }, { env: 'CI=true' }], true],
    [[{ command: 'run' }, { env: 'CI=false' }], false],
  ])('%j is active: %j', (activation, expected) => expect(isActive(activation)).toBe(expected));

  it('takes a value that is equal even if it would not match itself', () => {
    expect(isActive([{ kubeContext: 'arn:aws/team+x (dev)' }], { kubeContext: 'arn:aws/team+x (dev)' })).toBe(
      true,
    );
  });

  it.each<[string, boolean]>([
    ['kind-.*', false],
    ['.*', false],
    ['', false],
    ['!kind-.*', true],
  ])('with an unknown context, kubeContext %j is active: %j', (kubeContext, expected) =>
    expect(isActive([{ kubeContext }], { kubeContext: undefined })).toBe(expected),
  );
});

describe('activeProfiles', () => {
  const profiles = [
    { name: 'a', activation: [{ command: 'dev' }] },
    { name: 'b', activation: [] },
    { name: 'c', activation: [{ kubeContext: 'kind-.*', env: 'CI=true' }] },
  ];
  const names = (asked: string[], auto = true): string[] =>
    activeProfiles(profiles, asked, auto, facts).map(({ name }) => name);

  it.each<[string[], string[]]>([
    [[], ['a', 'c']],
    [['b'], ['a', 'c', 'b']],
    [
      ['c', 'b'],
      ['a', 'c', 'b'],
    ],
    [['-a'], ['c']],
    [
      ['b', '-b'],
      ['a', 'c'],
    ],
    [
      ['-a', 'b', 'a'],
      ['c', 'b', 'a'],
    ],
  ])('-p %j gives %j', (asked, expected) => expect(names(asked)).toEqual(expected));

  it('activates nothing by itself when that is switched off', () => {
    expect(names([], false)).toEqual([]);
    expect(names(['c', 'a'], false)).toEqual(['c', 'a']);
  });

  it('says why each one is active', () => {
    expect(activeProfiles(profiles, ['b'], true, facts)).toEqual([
      { name: 'a', reason: 'activation command "dev"', byContext: false },
      { name: 'c', reason: 'activation kubeContext "kind-.*" and env "CI=true"', byContext: true },
      { name: 'b', reason: '-p', byContext: false },
    ]);
  });
});
