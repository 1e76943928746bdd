/** How one error is written as plain lines where no reporter runs: the card's text, without colour. */
import type { AppdevError } from '../../core/errors.ts';
import { cardLines } from './card.ts';
import { lineText } from '../text/line.ts';
import { cleanLine } from '../text/sanitize.ts';

/** The lines of an error: the first says `error:` and what happened, the others are indented. */
export function errorLines(error: AppdevError): string[] {
  return cardLines(error).map(
    (line, index) => `${index === 0 ? 'error: ' : '  '}${cleanLine(lineText(line))}`,
  );
}
