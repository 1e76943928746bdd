import { expect, it } from 'vitest';
import { lifetimeLabel } from '../../core/labels.ts';
import { lifetimeIn, nextLifetime } from './lifetime.ts';

it.each([
  ['a session brings it', 'session', undefined, 'session'],
  ['a session goes on with what an earlier one left', 'session', 'session', 'session'],
  ['a session does not make its own what was there to stay', 'session', 'kept', 'kept'],
  ['a deploy makes stay what a session brought', 'kept', 'session', 'kept'],
  ['a deploy brings it', 'kept', undefined, 'kept'],
] as const)('%s', (_what, asked, before, after) => {
  expect(nextLifetime(asked, before)).toBe(after);
});

it('takes what has no label, or an unknown one, for something that stays', () => {
  expect(lifetimeIn({})).toBe('kept');
  expect(lifetimeIn({ [lifetimeLabel]: 'for ever' })).toBe('kept');
  expect(lifetimeIn({ [lifetimeLabel]: 'session' })).toBe('session');
});
