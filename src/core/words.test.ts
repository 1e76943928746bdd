import { expect, it } from 'vitest';
import { count, sizeText } from './words.ts';

it('a number has its noun in the singular only if it is one', () => {
  expect([0, 1, 2].map((n) => count(n, 'object'))).toEqual(['0 objects', '1 object', '2 objects']);
});

it('a size is rounded up to kilobytes, or has one decimal of a megabyte', () => {
  expect([0, 1, 999_001, 1_000_000, 1_260_000].map(sizeText)).toEqual([
    ...['0 KB', '1 KB', '1000 KB', '1.0 MB', '1.3 MB'],
  ]);
});
