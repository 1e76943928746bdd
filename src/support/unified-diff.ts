/** Two texts as a unified diff: the shortest edit by Myers' algorithm (1986), in hunks with three lines of context. Pure. */

/** Lines around a change. */
const context = 3;

interface Edit {
  readonly kind: ' ' | '-' | '+';
  readonly line: string;
}

/** The headed hunks; empty for equal texts. A text that is absent altogether is the empty one. */
export function unifiedDiff(before: string, after: string, from: string, to: string): string {
  if (before === after) return '';
  const edits = editsOf(linesOf(before), linesOf(after));
  return [`--- ${from}`, `+++ ${to}`, ...hunks(edits)].join('\n') + '\n';
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

function editsOf(a: readonly string[], b: readonly string[]): Edit[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end += 1;
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => ({ kind: ' ', line }));
  const middle = shortest(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))];
}

/** Forward search for the furthest point on each diagonal, then the way back through the kept rounds. */
function shortest(a: readonly string[], b: readonly string[]): Edit[] {
  const rounds: Map<number, number>[] = [];
  let reached = new Map<number, number>([[1, 0]]);
  const at = (k: number): number => reached.get(k) ?? -1;
  for (let d = 0; d <= a.length + b.length; d += 1) {
    rounds.push(new Map(reached));
    const next = new Map(reached);
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return wayBack(a, b, rounds);
    }
    reached = next;
  }
  return [];
}

function wayBack(a: readonly string[], b: readonly string[], rounds: readonly Map<number, number>[]): Edit[] {
  const edits: Edit[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = rounds.length - 1; d >= 0; d -= 1) {
    const at = (diagonal: number): number => rounds[d]?.get(diagonal) ?? -1;
    const k = x - y;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const beforeX = d === 0 ? 0 : down ? at(k + 1) : at(k - 1);
    const beforeY = d === 0 ? 0 : beforeX - (down ? k + 1 : k - 1);
    while (x > beforeX && y > beforeY && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      edits.push({ kind: ' ', line: a[x - 1] ?? '' });
      x -= 1;
      y -= 1;
    }
    if (d === 0) break;
    if (down) edits.push({ kind: '+', line: b[beforeY] ?? '' });
    else edits.push({ kind: '-', line: a[beforeX] ?? '' });
    x = beforeX;
    y = beforeY;
  }
  return edits.reverse();
}

function hunks(edits: readonly Edit[]): string[] {
  const near = edits.map((_, index) =>
    edits.slice(Math.max(0, index - context), index + context + 1).some(({ kind }) => kind !== ' '),
  );
  const text: string[] = [];
  let before = 1;
  let after = 1;
  for (let i = 0; i < edits.length;) {
    if (near[i] !== true) {
      before += 1;
      after += 1;
      i += 1;
      continue;
    }
    let end = i;
    while (near[end] === true) end += 1;
    const hunk = edits.slice(i, end);
    const old = hunk.filter(({ kind }) => kind !== '+').length;
    const now = hunk.filter(({ kind }) => kind !== '-').length;
    // A side without lines is counted from the line before it, as diff does.
    text.push(`@@ -${range(before, old)} +${range(after, now)} @@`);
    text.push(...hunk.map(({ kind, line }) => `${kind}${line}`));
    before += old;
    after += now;
    i = end;
  }
  return text;
}

function range(start: number, length: number): string {
  return `${length === 0 ? start - 1 : start},${length}`;
}
