import { expect, it } from 'vitest';
import { passBuildArgs } from './build-args.ts';

it.each([
  ['X_TOKEN', 'a=b "c"', ['--build-arg', 'X_TOKEN'], { X_TOKEN: 'a=b "c"' }],
  ['EMPTY', '', ['--build-arg', 'EMPTY'], { EMPTY: '' }],
  ['PATH', '/opt/bin', ['--build-arg', 'PATH=/opt/bin'], {}],
  ['https_proxy', 'http://proxy:1', ['--build-arg', 'https_proxy=http://proxy:1'], {}],
  ['REGISTRY_AUTH_FILE', '/x', ['--build-arg', 'REGISTRY_AUTH_FILE=/x'], {}],
])('%s=%s', (name, value, flags, env) => {
  expect(passBuildArgs({ [name]: value })).toEqual({ flags, env });
});
