/** How one error is written as plain lines: message, places, evidence, what to type next. No colour. */
import { diagnosticLines } from '../diagnostic.ts';
import type { AppdevError } from '../errors.ts';

/** The lines of an error, most important first; the code stands in the first line, as docs/errors.md lists it. */
export function errorLines(error: AppdevError): string[] {
  const lines = [`error ${error.code}: ${error.message}`];
  for (const diagnostic of error.diagnostics ?? []) lines.push(...diagnosticLines(diagnostic).map((line) => `  ${line}`));
  for (const line of error.evidence ?? []) lines.push(`  | ${line}`);
  if (error.hint !== undefined) lines.push(`  try: ${error.hint}`);
  return lines;
}
