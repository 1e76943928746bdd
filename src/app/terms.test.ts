import { expect, it } from 'vitest';
import { termsOf } from './terms.ts';

const line = { positionals: [], flags: {} };

it.each([
  ['dev', {}, 'session'],
  ['dev', { cleanup: false }, 'kept'],
  ['run', {}, 'kept'],
  ['run', { cleanup: true }, 'session'],
  ['deploy', {}, 'kept'],
] as const)('%s %j deploys something that is %s', (command, flags, lifetime) => {
  expect(termsOf({ ...line, command, flags }, 'ann@laptop').lifetime).toBe(lifetime);
});

it('lets claims go only if the flag says so', () => {
  expect(termsOf({ ...line, command: 'run' }, 'ann@laptop').deleteVolumes).toBe(false);
  expect(
    termsOf({ ...line, command: 'run', flags: { deleteVolumes: true } }, 'ann@laptop').deleteVolumes,
  ).toBe(true);
});

it.each([
  ['run', ['orders'], {}, 'appdev run orders --delete-volumes'],
  ['dev', [], {}, 'end this session, then appdev dev --delete-volumes'],
  ['deploy', [], { rendered: 'a.yaml' }, 'appdev deploy --rendered a.yaml --delete-volumes'],
] as const)('names the command that lets them: %s %j %j', (command, positionals, flags, allowVolumes) => {
  expect(termsOf({ ...line, command, positionals, flags }, 'ann@laptop').allowVolumes).toBe(allowVolumes);
});
