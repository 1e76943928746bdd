/** Shortens names that do not fit, so that they can still be told apart. Pure. */

/**
 * The names by what is shown for them, each at most `width` characters. One that fits stays as it is. The others lose the
 * same part in the middle: the first that leaves all names different, tried from the centre outwards. Names of a project
 * often begin alike, or end alike.
 */
export function shortNames(names: readonly string[], width: number): ReadonlyMap<string, string> {
  const room = Math.max(0, width - 1);
  const cut = (head: number): ReadonlyMap<string, string> =>
    new Map(names.map((name) => [name, name.length <= width ? name : shortened(name, head, room - head)]));
  const centre = Math.floor(room / 2);
  const heads = Array.from({ length: room + 1 }, (_, head) => head).sort(
    (a, b) => Math.abs(a - centre) - Math.abs(b - centre),
  );
  const all = new Set(names).size;
  const distinct = heads.find((head) => new Set(cut(head).values()).size === all);
  return cut(distinct ?? centre);
}

function shortened(name: string, head: number, tail: number): string {
  return `${name.slice(0, head)}…${name.slice(name.length - tail)}`;
}
