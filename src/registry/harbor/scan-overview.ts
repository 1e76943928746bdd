/**
 * What Harbor says about a scan, and whether that stops a deploy. Pure. The words are those of Harbor's API: the
 * overview of an artifact is a map keyed by the report's media type, and so is the report.
 */
import { fieldAt, fieldsAt, isFields, numberAt, stringAt } from '../../support/fields.ts';

/** The state of a scan. */
export interface Scan {
  /** Harbor's word: `Pending`, `Scheduled`, `Running`, `Stopped`, `Error`, `Success`. */
  readonly status: string;
  /** Number of findings, by Harbor's name of the severity. Empty until the scan has ended. */
  readonly counts: Readonly<Record<string, number>>;
  /** Number of all findings of any severity. Absent until the scan has ended, and if Harbor has no summary. */
  readonly total?: number;
}

/** One vulnerability of a report. */
export interface Finding {
  readonly id: string;
  readonly package: string;
  readonly severity: string;
  /** The version of the package that fixes it; empty if there is none. */
  readonly fixVersion: string;
}

/** Severities that a gate can name, mildest first. */
const ranks = ['low', 'medium', 'high', 'critical'];

/**
 * The scan of an artifact, as `GET …/artifacts/{reference}?with_scan_overview=true` shows it; undefined if there is
 * none.
 */
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

/** True if a scan will not change any more unless it is started again. */
export function hasEnded({ status }: Scan): boolean {
  return status === 'Success' || status === 'Error' || status === 'Stopped';
}

/**
 * True if every finding of a finished scan has a severity. Only then a count of zero for a gate means that there is
 * none.
 */
export function isCounted({ counts: found, total }: Scan): boolean {
  return total !== undefined && Object.values(found).reduce((sum, count) => sum + count, 0) >= total;
}

/**
 * The findings of a report (`GET …/additions/vulnerabilities`), worst first. Undefined if it contains no list: Harbor
 * answers an empty map if it has no report, and an empty list if nothing was found.
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

/** True if a severity, by Harbor's name, counts for a gate. Unknown or negligible never does. */
export function counts(severity: string, gate: string): boolean {
  return rank(severity) >= ranks.indexOf(gate);
}

/** How many findings of a finished scan count for a gate. */
export function countOf(scan: Scan, gate: string): number {
  return Object.entries(scan.counts)
    .filter(([severity]) => counts(severity, gate))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** `2 critical, 1 low`, worst first; `nothing` if there are none. */
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
