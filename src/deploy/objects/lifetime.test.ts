import { describe, expect, it } from 'vitest';
import { lifetimeLabel } from '../../core/labels.ts';
import { belongingIn, isMarked, lifetimeIn, markLabels, marksIn, nextLifetime } from './lifetime.ts';

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

describe('the marks of a deploy', () => {
  const ann = { command: 'dev', user: 'ann@laptop' };
  const brought = markLabels('session', ann);

  it('say which command deployed, whose it was, and for how long, within what a label may hold', () => {
    expect(brought).toEqual({
      'dev.appdev/lifetime': 'session',
      'dev.appdev/command': 'dev',
      'dev.appdev/user': expect.stringMatching(/^ann-laptop-[0-9a-f]{12}$/),
    });
  });

  it.each([
    ['her own session brought', brought, 'ann@laptop', 'session'],
    ['a session of another user brought', brought, 'ben@desktop', 'another'],
    ['a session on another machine brought', brought, 'ann@desktop', 'another'],
    ['nobody knows whose session brought', { [lifetimeLabel]: 'session' }, 'ann@laptop', 'another'],
    ['was deployed to stay', markLabels('kept', ann), 'ann@laptop', 'kept'],
    ['another user deployed to stay', markLabels('kept', ann), 'ben@desktop', 'kept'],
  ] as const)('tell a user what %s', (_what, labels, user, belonging) => {
    expect(belongingIn(labels, user)).toBe(belonging);
  });

  it('are found among other labels', () => {
    const labels = { ...brought, 'app.kubernetes.io/name': 'web' };
    expect(marksIn(labels)).toEqual(brought);
    expect(isMarked(labels, brought)).toBe(true);
    expect(isMarked(labels, markLabels('kept', ann))).toBe(false);
    expect(isMarked({}, brought)).toBe(false);
  });
});
