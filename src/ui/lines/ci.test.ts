import { expect, test } from 'vitest';
import type { CiService } from '../out/terminal.ts';
import { ciLineGuard } from './ci.ts';

test.each<readonly [CiService, string, string]>([
  ['github', '::set-env name=PATH::/evil', ': :set-env name=PATH::/evil'],
  ['github', '    ::error::x', '    : :error::x'],
  ['github', 'orders │ ##[group]x', 'orders │ ## [group]x'],
  ['azure', 'a ##vso[task.setvariable variable=x]y', 'a ## vso[task.setvariable variable=x]y'],
  ['teamcity', "##teamcity[buildStatus text='x']", "## teamcity[buildStatus text='x']"],
  ['gitlab', 'section_start:1:build[collapsed=true]', 'section_start :1:build[collapsed=true]'],
  ['gitlab', 'x section_end:1:build', 'x section_end :1:build'],
])('on %s, %s is not a command', (service, line, safe) => {
  expect(ciLineGuard([service])(line)).toBe(safe);
});

test('a C++ name in the middle of a line is left alone', () => {
  expect(ciLineGuard(['github'])('orders │ std::string ## heading')).toBe('orders │ std::string ## heading');
});

test('outside CI nothing changes', () => {
  expect(ciLineGuard([])('::error::##[x]section_start:1')).toBe('::error::##[x]section_start:1');
});
