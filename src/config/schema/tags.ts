/**
 * Tags for people: from a template and its parts to a legal tag. Pure. What a deploy uses is the digest and the tag that
 * is made from the content, so that these tags may change with every commit without rolling anything out.
 */

/** What follows a commit where the folder differs from it. No cut takes it away. */
export const dirtyMark = '-dirty';

/** The longest tag, as the OCI distribution specification has it. */
const maxLength = 128;

/** What may stand between braces in `tags.template`. */
export const tagParts = ['gitCommit', 'dateTime', 'inputDigest', 'contentTag'] as const;

/** One of them. */
export type TagPart = (typeof tagParts)[number];

/** The parts that a template uses, each once. */
export function partsOf(template: string): readonly TagPart[] {
  return tagParts.filter((part) => template.includes(`{${part}}`));
}

/**
 * Fills a template in and makes a tag of it, as Skaffold's users know it: characters that no tag may hold become `_`, a
 * leading `.` or `-` too, and what is longer than 128 characters is cut, in front of the mark of uncommitted changes.
 *
 * @returns undefined when nothing is left
 */
export function tagOf(
  template: string,
  values: Readonly<Partial<Record<TagPart, string>>>,
): string | undefined {
  const text = template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name as TagPart] ?? whole);
  const legal = text.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[.-]/, '_');
  const { gitCommit = '' } = values;
  const isMarkCut =
    gitCommit.endsWith(dirtyMark) &&
    text.includes(gitCommit) &&
    text.indexOf(gitCommit) + gitCommit.length > maxLength;
  const tag = isMarkCut
    ? legal.slice(0, maxLength - dirtyMark.length) + dirtyMark
    : legal.slice(0, maxLength);
  return tag === '' ? undefined : tag;
}

/** The letters of a date format, longest first: those of Java's DateTimeFormatter, as far as a tag needs them. */
const fields = ['yyyy', 'SSS', 'MM', 'dd', 'HH', 'mm', 'ss'] as const;

/** True for a format of `yyyy MM dd HH mm ss SSS` and other characters that are no letters. */
export function isDateFormat(format: string): boolean {
  const rest = fields.reduce((text, field) => text.replaceAll(field, ''), format);
  return format !== '' && rest !== format && !/[A-Za-z]/.test(rest);
}

/** True for an IANA name that this Node knows, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** A moment by a format, as a clock on a wall in that time zone shows it. */
export function dateText(atMs: number, format: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23' },
    ...{
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    },
    fractionalSecondDigits: 3,
  }).formatToParts(atMs);
  const part = (type: Intl.DateTimeFormatPartTypes, length: number): string =>
    (parts.find((one) => one.type === type)?.value ?? '').padStart(length, '0');
  const values: Readonly<Record<(typeof fields)[number], string>> = {
    yyyy: part('year', 4),
    MM: part('month', 2),
    dd: part('day', 2),
    HH: part('hour', 2),
    mm: part('minute', 2),
    ss: part('second', 2),
    SSS: part('fractionalSecond', 3),
  };
  return format.replace(new RegExp(fields.join('|'), 'g'), (field) => values[field as keyof typeof values]);
}
