/**
 * The error card: what happened, where, the evidence, what to type next, and the page that explains it. Every reporter
 * shows the same content; the panel shows a short form.
 */
import { diagnosticLines, type Diagnostic } from '../../core/diagnostic.ts';
import type { AppdevError } from '../../core/errors.ts';
import { seg, type Line, type Segment, type Tone } from '../text/line.ts';
import { cleanLines } from '../text/sanitize.ts';

/** The most diagnostics and lines of evidence that a full card shows. The rest is in the log file. */
const maxDiagnostics = 50;
const maxEvidence = 40;

/** What a card shows in addition to the error itself. */
export interface CardContext {
  /** Path of the file with the whole output, as the user would type it. */
  readonly logPath?: string;
  /** Last lines of the tools' output. They are shown if the error has neither places nor evidence. */
  readonly tail?: readonly string[];
}

/** The section of the documentation that explains the error's code. */
export function docsLink(error: AppdevError): string {
  return `docs/errors.md#${error.code.toLowerCase()}`;
}

/** The lines of the whole card, without indentation. */
export function cardLines(error: AppdevError, context: CardContext = {}): Line[] {
  const diagnostics = error.diagnostics ?? [];
  const evidence = evidenceOf(error, context);
  return [
    ...messageLines(error),
    ...diagnostics.slice(0, maxDiagnostics).flatMap(placeLines),
    ...more(diagnostics.length - maxDiagnostics, 'more places'),
    ...more(evidence.length - maxEvidence, 'earlier lines'),
    ...evidence.slice(-maxEvidence).map(evidenceLine),
    ...hintLines(error),
    footLine(error, context),
  ];
}

/**
 * The short card: the message, then as many places and last lines of evidence as fit, then the hint and the code. With
 * less than three lines it has the message, then the hint.
 *
 * @param max the most lines to return
 */
export function shortCard(error: AppdevError, context: CardContext = {}, max = 6): Line[] {
  const head = messageLines(error).slice(0, 1);
  const feet = [...hintLines(error).slice(0, 1), footLine(error, context)].slice(0, Math.max(0, max - 1));
  const room = Math.max(0, max - head.length - feet.length);
  const places = (error.diagnostics ?? []).flatMap(placeLines).slice(0, room);
  const left = room - places.length;
  const evidence = left > 0 ? evidenceOf(error, context).slice(-left).map(evidenceLine) : [];
  return [...head, ...places, ...evidence, ...feet].slice(0, max);
}

function messageLines(error: AppdevError): Line[] {
  return cleanLines(error.message).map((text): Line => [seg(text, 'bad')]);
}

function placeLines(diagnostic: Diagnostic): Line[] {
  const tone: Tone = diagnostic.severity === 'error' ? 'strong' : 'warn';
  return diagnosticLines(diagnostic).flatMap((text, index) =>
    cleanLines(text).map((clean): Line => [index === 0 ? seg(clean, tone) : seg(clean)]),
  );
}

function evidenceOf(error: AppdevError, context: CardContext): readonly string[] {
  if (error.evidence !== undefined && error.evidence.length > 0) return error.evidence;
  return (error.diagnostics ?? []).length > 0 ? [] : (context.tail ?? []);
}

function evidenceLine(text: string): Line {
  return [seg('│ ', 'dim'), seg(text)];
}

function hintLines(error: AppdevError): Line[] {
  if (error.hint === undefined) return [];
  return cleanLines(error.hint).map((text, index): Line => [
    seg(index === 0 ? 'try: ' : '     ', 'busy'),
    seg(text),
  ]);
}

function footLine(error: AppdevError, context: CardContext): Line {
  const line: Segment[] = [seg(`${error.code}  ${docsLink(error)}`, 'dim')];
  if (context.logPath !== undefined) line.push(seg(`  log: ${context.logPath}`, 'dim'));
  return line;
}

function more(n: number, what: string): Line[] {
  return n > 0 ? [[seg(`… ${n} ${what}`, 'dim')]] : [];
}
