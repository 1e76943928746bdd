import { expect, it } from 'vitest';
import { fits, newestKubernetes } from './versions.ts';

it.each([
  ['1.2.9', '~1.2', true],
  ['1.9.0', '>=1.0, <2', true],
  ['2.0.0', '>=1.0, <2', false],
  ['3.1.0', '1.x || 3', true],
  ['1.5.0-rc.1', '^1.0.0-0', true],
  ['1.5.0-rc.1', '^1.0.0', false],
  ['1.0', '1.0', true],
  ['v1.2.3', '1.2.3', true],
  ['7.0.0', '*', true],
  ['7.0.0', '', true],
  ['7.0.0', 'not a range', true],
])('%s lies in %j: %s', (version, range, expected) => {
  expect(fits(version, range)).toBe(expected);
});

it.each([
  ['>=1.25.0-0 <1.35.0-0', '1.34.0'],
  ['1.20 - 1.29', '1.29.0'],
  ['>= 1.19', '1.99.0'],
  ['^2.0.0', undefined],
])('the newest Kubernetes in %j is %s', (range, expected) => {
  expect(newestKubernetes(range)).toBe(expected);
});
