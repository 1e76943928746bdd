import { describe, expect, it } from 'vitest';
import { countOf, counts, findingsOf, hasEnded, isCounted, scanOf, summaryOf } from './scan-overview.ts';

const type = 'application/vnd.security.vulnerability.report; version=1.1';

/** The end of a scan, as Harbor 2.x shows it. */
const done = {
  scan_overview: {
    [type]: {
      end_time: '2026-11-21T03:54:17.000Z',
      scan_status: 'Success',
      severity: 'Critical',
      summary: { fixable: 1, summary: { Low: 1, Critical: 2, Unknown: 4 }, total: 7 },
    },
  },
};

describe('the overview of a scan', () => {
  it('is absent until a scan was asked for', () => {
    expect(scanOf({ digest: 'sha256:1' })).toBeUndefined();
    expect(scanOf({ scan_overview: null })).toBeUndefined();
    expect(scanOf(undefined)).toBeUndefined();
  });

  it.each(['Pending', 'Scheduled', 'Running'])('has no findings while it is %s', (status) => {
    const scan = scanOf({
      scan_overview: { [type]: { scan_status: status, end_time: '0001-01-01T00:00:00.000Z' } },
    });
    expect(scan).toEqual({ status, counts: {} });
    expect(scan !== undefined && hasEnded(scan)).toBe(false);
  });

  it('counts what a gate names and worse', () => {
    const scan = scanOf(done);
    expect(scan).toEqual({ status: 'Success', counts: { Low: 1, Critical: 2, Unknown: 4 }, total: 7 });
    if (scan === undefined) return;
    expect(['critical', 'high', 'medium', 'low'].map((gate) => countOf(scan, gate))).toEqual([2, 2, 2, 3]);
    expect(summaryOf(scan)).toBe('2 critical, 1 low, 4 unknown');
    expect(summaryOf({ status: 'Success', counts: {} })).toBe('nothing');
  });

  it.each([
    ['says what was found', { fixable: 0, summary: { Low: 1 }, total: 1 }, true],
    ['says that nothing was found', { fixable: 0, summary: {}, total: 0 }, true],
    ['is not there', undefined, false],
    ['has no severities', { fixable: 0, total: 0 }, false],
    ['has no total', { summary: {} }, false],
    ['has fewer severities than findings', { fixable: 0, summary: { Low: 1 }, total: 2 }, false],
    ['has words for numbers', { fixable: 0, summary: { Critical: '2' }, total: 2 }, false],
  ])('of a success whose summary %s', (_, summary, expected) => {
    const scan = scanOf({ scan_overview: { [type]: { scan_status: 'Success', summary } } });
    expect(scan !== undefined && isCounted(scan)).toBe(expected);
  });

  it.each([
    ['Critical', 'critical', true],
    ['High', 'critical', false],
    ['Medium', 'medium', true],
    ['Low', 'medium', false],
    ['Negligible', 'low', false],
    ['Unknown', 'low', false],
    ['None', 'low', false],
  ])('%s for a gate of %s: %s', (severity, gate, expected) => {
    expect(counts(severity, gate)).toBe(expected);
  });
});

describe('a report', () => {
  it('lists the worst first', () => {
    const report = {
      [type]: {
        vulnerabilities: [
          { id: 'CVE-1', package: 'a', version: '1', severity: 'Low', fix_version: '' },
          { id: 'CVE-2', package: 'b', version: '2', severity: 'High', fix_version: '3' },
        ],
      },
    };
    expect(findingsOf(JSON.stringify(report))).toEqual([
      { id: 'CVE-2', package: 'b 2', severity: 'High', fixVersion: '3' },
      { id: 'CVE-1', package: 'a 1', severity: 'Low', fixVersion: '' },
    ]);
  });

  it('may list nothing', () => {
    expect(findingsOf(JSON.stringify({ [type]: { vulnerabilities: [] } }))).toEqual([]);
  });

  it.each(['', 'null', '{}', '[]', '{"a":{}}', '{"a":{"vulnerabilities":null}}'])('is not: %s', (text) => {
    expect(findingsOf(text)).toBeUndefined();
  });
});
