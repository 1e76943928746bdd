/**
 * What Harbor tells of a scan, and whether it stops a deploy. Pure. The words are those of Harbor's API: the overview of an
 * artifact is a map keyed by the report's media type, and the report is such a map too.
 */
import { fieldAt, fieldsAt, isFields, numberAt, stringAt } from '../../support/fields.ts';

/** Where a scan is. */
export interface Scan {
  /** Harbor's word: `Pending`, `Scheduled`, `Running`, `Stopped`, `Error`, `Success`. */
  readonly status: string;
  /** Findings by Harbor's name of the severity; empty until it has ended. */
  readonly counts: Readonly<Record<string, number>>;
  /** All findings, of whatever severity; absent until it has ended, and where Harbor has no summary of it. */
  readonly total?: number;
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
  const summary = fieldAt(overview, 'summary', 'summary');
  const total = numberAt(overview, 'summary', 'total');
  if (!isFields(summary) || total === undefined) return { status, counts: {} };
  const counts = Object.fromEntries(Object.keys(summary).map((name) => [name, numberAt(summary, name) ?? 0]));
  return { status, counts, total };
}

/** True when nothing more will come of a scan without asking again. */
export function hasEnded({ status }: Scan): boolean {
  return status === 'Success' || status === 'Error' || status === 'Stopped';
}

/** True where every finding of an ended scan has a severity: only then no count for a gate means that there is none. */
export function isCounted({ counts: found, total }: Scan): boolean {
  return total !== undefined && Object.values(found).reduce((sum, count) => sum + count, 0) >= total;
}

/**
 * The findings of a report (`GET …/additions/vulnerabilities`), worst first. Undefined for what lists none: Harbor answers
 * an empty map where it has no report, and writes an empty list where nothing was found.
 */
export function findingsOf(report: string): readonly Finding[] | undefined {
  let content: unknown;
  try {
    content = JSON.parse(report);
  } catch {
    return undefined;
  }
  const lists = (isFields(content) ? Object.values(content) : [])
    .map((one) => fieldAt(one, 'vulnerabilities'))
    .filter((list) => Array.isArray(list));
  if (lists.length === 0) return undefined;
  return lists
    .flat()
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
