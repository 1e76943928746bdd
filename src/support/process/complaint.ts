/** What a failed tool says went wrong: whole if it is short. Pure. */

/** How many lines of a complaint are shown. */
const maxLines = 20;

/** How many characters of a complaint a message of one line takes. */
const maxMessage = 300;

/** A line with which a tool begins to say what went wrong. */
const beginning = /^(?:error|fatal|panic)(?:\[\w+\])?:\s/i;

/**
 * The lines of a complaint: from the last one that begins an error to the end, without empty ones. Tools often write
 * the list of causes below that line. Without such a line, it is the end of the output.
 *
 * @param lines the output of the tool
 * @returns at most 20 lines; none if the tool said nothing
 */
export function complaintLines(lines: readonly string[]): string[] {
  const said = lines.map((line) => line.trimEnd()).filter((line) => line.trim() !== '');
  const start = said.findLastIndex((line) => beginning.test(line));
  const complaint = start < 0 ? said.slice(-maxLines) : said.slice(start, start + maxLines);
  return complaint.map((line) => line.replace(/^error: /i, ''));
}

/** A complaint as part of a message: whole if that is short, or else its first line. */
export function complaintText(complaint: readonly string[]): string | undefined {
  const whole = complaint.map((line) => line.trim()).join(' ');
  if (whole === '') return undefined;
  return whole.length <= maxMessage ? whole : complaint[0];
}

/** The lines to show below a message that has the complaint's text; none if that is all there is. */
export function complaintEvidence(complaint: readonly string[]): { readonly evidence?: readonly string[] } {
  return complaint.length > 1 ? { evidence: complaint } : {};
}
