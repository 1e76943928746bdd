/** The language of tag templates: what comes out is always a legal tag. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as grammar from './grammar.ts';
import { dateText, isDateFormat, partsOf, tagOf } from './tags.ts';

describe('a tag', () => {
  it.each([
    ['{gitCommit}', { gitCommit: 'v1.2-3-gabc1234-dirty' }, 'v1.2-3-gabc1234-dirty'],
    ['{gitCommit}', { gitCommit: 'release/1.2+rc' }, 'release_1.2_rc'],
    ['{gitCommit}', { gitCommit: '.hidden' }, '_hidden'],
    ['-{gitCommit}', { gitCommit: 'a' }, '_a'],
    ['v2-{dateTime}-{gitCommit}', { dateTime: '2026-01-02', gitCommit: 'abc' }, 'v2-2026-01-02-abc'],
    ['Grüße', {}, 'Gr__e'],
  ])('%s with %o is %s', (template, values, tag) => {
    expect(tagOf(template, values)).toBe(tag);
  });

  it('is cut at 128 characters, and undefined if nothing is left', () => {
    expect(tagOf('x'.repeat(200), {})).toBe('x'.repeat(128));
    expect(tagOf('{gitCommit}', { gitCommit: '' })).toBeUndefined();
  });

  const branch = 'feature-'.repeat(20);
  it.each([
    ['{gitCommit}', `${branch}-dirty`, `${branch.slice(0, 122)}-dirty`],
    ['{gitCommit}-7', `${branch}-dirty`, `${branch.slice(0, 122)}-dirty`],
    ['7-{gitCommit}', `${branch.slice(0, 124)}-dirty`, `7-${branch.slice(0, 120)}-dirty`],
    ['{gitCommit}', `no-dirty-${branch}-dirty`, `no-dirty-${branch.slice(0, 113)}-dirty`],
    [`{gitCommit}-${branch}`, 'abc-dirty', `abc-dirty-${branch.slice(0, 118)}`],
    ['{gitCommit}', branch, branch.slice(0, 128)],
  ])('keeps -dirty when %s is cut', (template, gitCommit, tag) => {
    expect(tagOf(template, { gitCommit })).toBe(tag);
    expect(tag).toHaveLength(128);
  });

  it('is legal, whatever goes into it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (template, gitCommit) => {
        const tag = tagOf(`{gitCommit}${template}`, { gitCommit });
        expect(tag === undefined || /^\w[\w.-]{0,127}$/.test(tag)).toBe(true);
      }),
    );
  });

  it('knows the parts of its template', () => {
    expect(partsOf('{dateTime}-{gitCommit}-{dateTime}')).toEqual(['gitCommit', 'dateTime']);
  });
});

describe('a date', () => {
  const at = Date.UTC(2026, 0, 2, 23, 4, 5, 67);
  it.each([
    ['yyyy-MM-dd_HH-mm-ss', 'UTC', '2026-01-02_23-04-05'],
    ['yyyyMMdd.HHmmssSSS', 'UTC', '20260102.230405067'],
    ['yyyy-MM-dd_HH', 'Europe/Berlin', '2026-01-03_00'],
    ['HH', 'America/St_Johns', '19'],
  ])('by %s in %s', (format, zone, text) => {
    expect(dateText(at, format, zone)).toBe(text);
  });

  it.each(['yy', 'YYYY', 'yyyy-mm-dd at', '', '-'])('refuses the format %s', (format) => {
    expect(isDateFormat(format)).toBe(false);
  });
});

describe('the grammar', () => {
  it.each([
    ['{gitCommit}-7', undefined],
    ['', 'is empty'],
    ['{gitcommit}', 'has the unknown part {gitcommit}'],
    ['{gitCommit', 'has an opening or closing brace without the other one'],
  ])('of template %s', (text, message) => {
    expect(grammar.tagTemplate(text)?.message).toBe(message);
  });

  it('proposes the nearest part', () => {
    expect(grammar.tagTemplate('{gitcommit}')?.hint).toBe('did you mean {gitCommit}?');
  });

  it('knows time zones', () => {
    expect(grammar.timeZone('Europe/Berlin')).toBeUndefined();
    expect(grammar.timeZone('Europe/Atlantis')?.message).toBe('is not a time zone');
  });
});
