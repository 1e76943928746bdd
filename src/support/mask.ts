/** Removes secrets from events and from tools' output: known ones, and passwords in URLs. Pure. */

/** Shorter values are not masked: they are more likely words than secrets, and ordinary text would become unreadable. */
const minLength = 6;

const shown = '***';

/**
 * Makes a function that replaces the secrets with `***` in every string of a value, at any depth. It finds them as plain
 * text, in base64, URL-encoded, and escaped as in JSON.
 */
export function createMask(secrets: readonly string[]): <T>(value: T) => T {
  const needles = secrets
    .filter((secret) => secret.length >= minLength)
    .flatMap((secret) => [
      secret,
      Buffer.from(secret).toString('base64'),
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
    ]);
  // The longest comes first, because one secret may contain another.
  const distinct = [...new Set(needles)].sort((a, b) => b.length - a.length);
  if (distinct.length === 0) return (value) => value;
  const mask = (value: unknown): unknown => {
    if (typeof value === 'string')
      return distinct.reduce((text, needle) => text.replaceAll(needle, shown), value);
    if (Array.isArray(value)) return value.map(mask);
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner)]));
    }
    return value;
  };
  return (value) => mask(value) as typeof value;
}

/** The text with user names and passwords removed from its URLs. */
export function withoutPasswords(text: string): string {
  return text.replace(/:\/\/[^/@\s]+@/g, '://***@');
}
