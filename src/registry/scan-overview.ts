/**
 * What Harbor tells of a scan, and whether it stops a deploy. Pure. The words are those of Harbor's API: the overview of an
 * artifact is a map keyed by the report's media type, and the report is such a map too.
 */
import { fieldsAt, isFields, listAt, numberAt, stringAt } from '../support/fields.ts';

/** Where a scan is. */
export interface Scan {
  /** Harbor's word: `Pending`, `Scheduled`, `Running`, `Stopped`, `Error`, `Success`. */
  readonly status: string;
  /** Findings by Harbor's name of the severity; empty until it has ended. */
  readonly counts: Readonly<Record<string, number>>;
}

/** One vulnerability of a report. */
export interface Finding {
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  /** The version of the package that mends it; empty where there is none. */
  readonly fixVersion: string;
}

/** Severities that a gate can name, mildest first. */
const ranks = ['low', 'medium', 'high', 'critical'];

/** The scan of an artifact as `GET …/artifacts/{reference}?with_scan_overview=true` shows it; undefined without one. */
export function scanOf(artifact: unknown): Scan | undefined {
  const [overview] = Object.values(fieldsAt(artifact, 'scan_overview'));
  const status = stringAt(overview, 'scan_status');
  if (status === undefined) return undefined;
  const counts: Record<string, number> = {};
  for (const name of Object.keys(fieldsAt(overview, 'summary', 'summary'))) {
    counts[name] = numberAt(overview, 'summary', 'summary', name) ?? 0;
  }
  return { status, counts };
}

/** True when nothing more will come of a scan without asking again. */
export function hasEnded({ status }: Scan): boolean {
  return status === 'Success' || status === 'Error' || status === 'Stopped';
}

/** The findings of a report (`GET …/additions/vulnerabilities`), worst first; empty for a text that is none. */
export function findingsOf(report: string): readonly Finding[] {
  let content: unknown;
  try {
    content = JSON.parse(report);
  } catch {
    return [];
  }
  const inner = isFields(content) ? Object.values(content) : [];
  return inner
    .flatMap((one) => listAt(one, 'vulnerabilities'))
    .map((one) => ({
      id: stringAt(one, 'id') ?? '?',
      package: `${stringAt(one, 'package') ?? '?'} ${stringAt(one, 'version') ?? ''}`.trim(),
      severity: stringAt(one, 'severity') ?? 'Unknown',
      fixVersion: stringAt(one, 'fix_version') ?? '',
    }))
    .sort((one, other) => rank(other.severity) - rank(one.severity));
}

/** Whether a severity by Harbor's name counts for a gate. What is unknown or negligible never does. */
export function counts(severity: string, gate: string): boolean {
  return rank(severity) >= ranks.indexOf(gate);
}

/** How many findings of an ended scan count for a gate. */
export function countOf(scan: Scan, gate: string): number {
  return Object.entries(scan.counts)
    .filter(([severity]) => counts(severity, gate))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** `2 critical, 1 low`, worst first; `nothing` for none. */
export function summaryOf({ counts: found }: Scan): string {
  const parts = Object.entries(found)
    .filter(([, count]) => count > 0)
    .sort(([one], [other]) => rank(other) - rank(one))
    .map(([severity, count]) => `${count} ${severity.toLowerCase()}`);
  return parts.length === 0 ? 'nothing' : parts.join(', ');
}

function rank(severity: string): number {
  return ranks.indexOf(severity.toLowerCase());
}
