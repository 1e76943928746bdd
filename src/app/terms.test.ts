import { expect, it } from 'vitest';
import { termsOf } from './terms.ts';

const line = { positionals: [], strings: {}, booleans: {} };

it.each([
  ['dev', {}, 'session'],
  ['dev', { cleanup: false }, 'kept'],
  ['run', {}, 'kept'],
  ['run', { cleanup: true }, 'session'],
  ['deploy', {}, 'kept'],
] as const)('%s %j deploys something that is %s', (command, booleans, lifetime) => {
  expect(termsOf({ ...line, command, booleans }).lifetime).toBe(lifetime);
});

it('lets claims go only where the flag says so', () => {
  expect(termsOf({ ...line, command: 'run' }).deleteVolumes).toBe(false);
  expect(termsOf({ ...line, command: 'run', booleans: { 'delete-volumes': true } }).deleteVolumes).toBe(true);
});

it.each([
  ['run', ['orders'], {}, 'appdev run orders --delete-volumes'],
  ['dev', [], {}, 'end this session, then appdev dev --delete-volumes'],
  ['deploy', [], { rendered: 'a.yaml' }, 'appdev deploy --rendered a.yaml --delete-volumes'],
] as const)('names the command that lets them: %s %j %j', (command, positionals, strings, allowVolumes) => {
  expect(termsOf({ ...line, command, positionals, strings }).allowVolumes).toBe(allowVolumes);
});
