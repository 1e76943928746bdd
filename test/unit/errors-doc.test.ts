/** docs/errors.md and the error codes agree: a section for each code, with its exit code. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/core/errors.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);

describe('docs/errors.md', () => {
  it.each(Object.entries(exitCodes))('has %s with exit code %i', (code, exit) => {
    expect(sections.get(code)).toMatch(new RegExp(`^${code}\\n\\n(Exit ${exit}\\b|No exit code)`));
  });

  it('has no section for a code that does not exist', () => {
    expect([...sections.keys()].filter((code) => !(code in exitCodes) && code !== 'PORT_IN_USE')).toEqual([]);
  });
});
