/** Words that messages of every part share: numbers with their noun, and sizes. Pure. */

/** A number with its noun: `1 service`, `2 services`. `noun` is in the singular, and its plural ends in `s`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** A size in bytes, in the unit that suits it: `12 KB`, `1.2 MB`. A unit is a thousand of the smaller one. */
export function sizeText(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Up to three names, and how many there are besides: `a, b, c and 2 more`. */
export function namesOf(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
}
