import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortNames } from './short-names.ts';

const shown = (names: readonly string[], width: number): string[] => [...shortNames(names, width).values()];

test.each<readonly [string, string[], number, string[]]>([
  ['names that fit stay', ['orders', 'stock'], 6, ['orders', 'stock']],
  [
    'names that begin alike keep their ends',
    ['service-with-a-long-name-1', 'service-with-a-long-name-2'],
    11,
    ['servi…ame-1', 'servi…ame-2'],
  ],
  [
    'names that end alike keep their beginnings',
    ['billing-of-the-service', 'booking-of-the-service'],
    9,
    ['bill…vice', 'book…vice'],
  ],
  [
    'names that differ close to the beginning only',
    ['aaaaaab-service-of-the-shop', 'aaaaaac-service-of-the-shop'],
    9,
    ['aaaaaab…p', 'aaaaaac…p'],
  ],
  ['only the long ones are cut', ['a', 'service-with-a-long-name'], 9, ['a', 'serv…name']],
])('%s', (_, names, width, expected) => {
  expect(shown(names, width)).toEqual(expected);
});

test('nothing is wider than it may be', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 40 })), fc.integer({ min: 1, max: 30 }), (names, width) => {
      for (const text of shown(names, width)) expect(text.length).toBeLessThanOrEqual(width);
    }),
  );
});
