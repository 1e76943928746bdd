/** Keeps secrets that appdev knows out of what it shows: of every event, and so of every output. Pure. */

/** Shorter values are words rather than secrets; masking them would blacken ordinary text. */
const minLength = 6;

const shown = '***';

/**
 * A function that replaces the secrets in every string of a value, however deep: as they are, base64-encoded,
 * URL-encoded and as they stand inside JSON.
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
  // Longest first: one secret may hold another.
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
