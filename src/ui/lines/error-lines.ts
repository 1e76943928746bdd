/** Prints one error as plain lines without colour. It is used if no reporter runs. */
import type { AppdevError } from '../../core/errors.ts';
import { cardLines } from './card.ts';
import { lineText } from '../text/line.ts';
import { cleanLine } from '../text/sanitize.ts';

/** The lines of an error. The first begins with `error:` and the message; the others are indented. */
export function errorLines(error: AppdevError): string[] {
  return cardLines(error).map(
    (line, index) => `${index === 0 ? 'error: ' : '  '}${cleanLine(lineText(line))}`,
  );
}
