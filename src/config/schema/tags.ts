/**
 * Tags for people: makes a legal tag from a template and its parts. Pure. A deployment uses the digest and the tag made
 * from the content, so these tags can change with every commit without causing a rollout.
 */

/**
 * Follows the commit in a tag if the folder has changes that are not committed. It is kept even if a tag is shortened.
 */
export const dirtyMark = '-dirty';

/** The longest tag that the OCI distribution specification allows. */
const maxLength = 128;

/** The names that `tags.template` can have between braces. */
export const tagParts = ['gitCommit', 'dateTime', 'inputDigest', 'contentTag'] as const;

/** A name that can stand between braces in `tags.template`. */
export type TagPart = (typeof tagParts)[number];

/** The parts that a template uses, each once, in the order of `tagParts`. */
export function partsOf(template: string): readonly TagPart[] {
  return tagParts.filter((part) => template.includes(`{${part}}`));
}

/**
 * Fills in a template and makes a legal tag of the result, by Skaffold's rules. A character that a tag must not have
 * becomes `_`, and so does a leading `.` or `-`. A tag over 128 characters is shortened, but keeps the mark of
 * uncommitted changes at its end.
 *
 * @returns undefined if the result is empty
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

/** The fields of a date format, longest first: a subset of Java's DateTimeFormatter. */
const fields = ['yyyy', 'SSS', 'MM', 'dd', 'HH', 'mm', 'ss'] as const;

/** True for a format that has at least one of `yyyy MM dd HH mm ss SSS` and otherwise no letters. */
export function isDateFormat(format: string): boolean {
  const rest = fields.reduce((text, field) => text.replaceAll(field, ''), format);
  return format !== '' && rest !== format && !/[A-Za-z]/.test(rest);
}

/** True for the name of a time zone that Node knows, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Formats a moment (milliseconds since 1970) in the local time of a time zone. */
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
