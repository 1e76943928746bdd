import { expect, test } from 'vitest';
import { ciLineGuard } from './ci.ts';

test.each([
  ['GITHUB_ACTIONS', '::set-env name=PATH::/evil', ': :set-env name=PATH::/evil'],
  ['GITHUB_ACTIONS', '    ::error::x', '    : :error::x'],
  ['GITHUB_ACTIONS', 'orders │ ##[group]x', 'orders │ ## [group]x'],
  ['TF_BUILD', 'a ##vso[task.setvariable variable=x]y', 'a ## vso[task.setvariable variable=x]y'],
  ['TEAMCITY_VERSION', "##teamcity[buildStatus text='x']", "## teamcity[buildStatus text='x']"],
  ['GITLAB_CI', 'section_start:1:build[collapsed=true]', 'section_start :1:build[collapsed=true]'],
  ['GITLAB_CI', 'x section_end:1:build', 'x section_end :1:build'],
])('with %s set, %s is not a command', (variable, line, safe) => {
  expect(ciLineGuard({ [variable]: 'true' })(line)).toBe(safe);
});

test('a C++ name in the middle of a line is left alone', () => {
  expect(ciLineGuard({ GITHUB_ACTIONS: 'true' })('orders │ std::string ## heading')).toBe(
    'orders │ std::string ## heading',
  );
});

test('outside CI nothing changes', () => {
  expect(ciLineGuard({})('::error::##[x]section_start:1')).toBe('::error::##[x]section_start:1');
});
