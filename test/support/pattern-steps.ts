/**
 * Counts the steps that a backtracking matcher takes for a pattern, as V8's does, and makes texts that keep such a matcher
 * busy. Steps do not depend on the machine or on what else runs on it, as times do.
 */
import { AST, RegExpParser } from '@eslint-community/regexpp';

/** One step of the matcher. `at` are indexes into the program. */
type Op =
  | { readonly do: 'char'; readonly set: (unit: string) => boolean }
  | { readonly do: 'split'; readonly first: number; readonly second: number }
  | { readonly do: 'jump'; readonly to: number }
  | { readonly do: 'edge'; readonly kind: 'start' | 'end' | 'word'; readonly negate: boolean }
  | { readonly do: 'look'; readonly body: Program; readonly behind: boolean; readonly negate: boolean }
  | { readonly do: 'mark'; readonly slot: number }
  | { readonly do: 'moved'; readonly slot: number }
  | { readonly do: 'open'; readonly group: number }
  | { readonly do: 'close'; readonly group: number }
  | { readonly do: 'same'; readonly group: number };

type Program = readonly Op[];

/** A pattern that is ready to be counted. */
export interface Counted {
  readonly program: Program;
  readonly flags: string;
  readonly tree: AST.Pattern;
}

/** Compiles a pattern; throws for what no pattern here uses (sets of the v flag, modifiers). */
export function compile(source: string, flags: string): Counted {
  const tree = new RegExpParser().parsePattern(source, 0, source.length, { unicode: flags.includes('u') });
  return { program: new Compiler(flags).alternatives(tree.alternatives, false), flags, tree };
}

class Compiler {
  readonly #flags: string;
  readonly #ops: Op[] = [];
  #slots = 0;
  readonly #groups = new Map<AST.CapturingGroup, number>();

  constructor(flags: string) {
    this.#flags = flags;
  }

  alternatives(alternatives: readonly AST.Alternative[], backwards: boolean): Program {
    this.#either(alternatives, backwards);
    return this.#ops;
  }

  #either(alternatives: readonly AST.Alternative[], backwards: boolean): void {
    const [first, ...rest] = alternatives;
    if (first === undefined) return;
    if (rest.length === 0) {
      this.#sequence(first, backwards);
      return;
    }
    const split = this.#hole();
    this.#sequence(first, backwards);
    const jump = this.#hole();
    this.#ops[split] = { do: 'split', first: split + 1, second: this.#ops.length };
    this.#either(rest, backwards);
    this.#ops[jump] = { do: 'jump', to: this.#ops.length };
  }

  #sequence({ elements }: AST.Alternative, backwards: boolean): void {
    for (const element of backwards ? elements.toReversed() : elements) this.#element(element, backwards);
  }

  #element(element: AST.Element, backwards: boolean): void {
    switch (element.type) {
      case 'Character':
      case 'CharacterSet':
      case 'CharacterClass':
        this.#ops.push({ do: 'char', set: setOf(element, this.#flags) });
        return;
      case 'Group':
        this.#either(element.alternatives, backwards);
        return;
      case 'CapturingGroup': {
        const group = this.#groups.get(element) ?? this.#groups.size;
        this.#groups.set(element, group);
        this.#ops.push({ do: backwards ? 'close' : 'open', group });
        this.#either(element.alternatives, backwards);
        this.#ops.push({ do: backwards ? 'open' : 'close', group });
        return;
      }
      case 'Backreference': {
        if (Array.isArray(element.resolved)) throw new Error(`not counted: ${element.raw}`);
        this.#ops.push({ do: 'same', group: this.#groups.get(element.resolved) ?? 0 });
        return;
      }
      case 'Assertion':
        this.#assertion(element);
        return;
      case 'Quantifier':
        this.#quantifier(element, backwards);
        return;
      case 'ExpressionCharacterClass':
        throw new Error(`not counted: ${element.raw}`);
    }
  }

  #assertion(element: AST.Assertion): void {
    if (element.kind === 'start' || element.kind === 'end') {
      this.#ops.push({ do: 'edge', kind: element.kind, negate: false });
    } else if (element.kind === 'word') {
      this.#ops.push({ do: 'edge', kind: 'word', negate: element.negate });
    } else if ('alternatives' in element) {
      const behind = element.kind === 'lookbehind';
      const body = new Compiler(this.#flags).alternatives(element.alternatives, behind);
      this.#ops.push({ do: 'look', body, behind, negate: element.negate });
    }
  }

  #quantifier({ element, min, max, greedy }: AST.Quantifier, backwards: boolean): void {
    const split = (at: number, into: number, out: number): void => {
      this.#ops[at] = greedy
        ? { do: 'split', first: into, second: out }
        : { do: 'split', first: out, second: into };
    };
    for (let times = 0; times < min; times += 1) this.#element(element, backwards);
    if (max === Number.POSITIVE_INFINITY) {
      const slot = (this.#slots += 1);
      const loop = this.#hole();
      this.#ops.push({ do: 'mark', slot });
      this.#element(element, backwards);
      this.#ops.push({ do: 'moved', slot }, { do: 'jump', to: loop });
      split(loop, loop + 1, this.#ops.length);
      return;
    }
    const holes: number[] = [];
    for (let times = min; times < max; times += 1) {
      holes.push(this.#hole());
      this.#element(element, backwards);
    }
    for (const hole of holes) split(hole, hole + 1, this.#ops.length);
  }

  #hole(): number {
    return this.#ops.push({ do: 'jump', to: 0 }) - 1;
  }
}

/** Whether a UTF-16 unit is in a set. Node's own engine decides, so classes and cases are its own. */
function setOf(
  element: AST.Character | AST.CharacterSet | AST.CharacterClass,
  flags: string,
): (unit: string) => boolean {
  const own = new RegExp(`^(?:${element.raw})$`, flags.replace(/[gym]/g, ''));
  const known = new Map<string, boolean>();
  return (unit) => {
    const before = known.get(unit);
    if (before !== undefined) return before;
    const now = own.test(unit);
    known.set(unit, now);
    return now;
  };
}

const word = /\w/;

/** A matcher with a budget of steps. */
class Matcher {
  steps = 0;
  readonly #text: string;
  readonly #flags: string;
  readonly #most: number;

  constructor(text: string, flags: string, most: number) {
    this.#text = text;
    this.#flags = flags;
    this.#most = most;
  }

  get spent(): boolean {
    return this.steps > this.#most;
  }

  /** The end of the first match that begins exactly at `from`; undefined if there is none or the budget is spent. */
  at(program: Program, from: number, backwards: boolean): number | undefined {
    const text = this.#text;
    const later: { readonly op: number; readonly pos: number; readonly slots: Slots }[] = [];
    let op = 0;
    let pos = from;
    let slots: Slots = [];
    for (;;) {
      this.steps += 1;
      if (this.spent) return undefined;
      const step = program[op];
      if (step === undefined) return pos;
      let fits = true;
      switch (step.do) {
        case 'char': {
          const unit = backwards ? text[pos - 1] : text[pos];
          fits = unit !== undefined && step.set(unit);
          pos += backwards ? -1 : 1;
          break;
        }
        case 'split':
          later.push({ op: step.second, pos, slots });
          op = step.first - 1;
          break;
        case 'jump':
          op = step.to - 1;
          break;
        case 'edge':
          fits = this.#edge(step.kind, pos) !== step.negate;
          break;
        case 'look':
          fits = (this.at(step.body, pos, step.behind) !== undefined) !== step.negate;
          break;
        case 'mark':
          slots = put(slots, 'mark', step.slot, pos);
          break;
        case 'moved':
          fits = find(slots, 'mark', step.slot) !== pos;
          break;
        case 'open':
          slots = put(slots, 'open', step.group, pos);
          break;
        case 'close':
          slots = put(slots, 'close', step.group, pos);
          break;
        case 'same': {
          const [start, end] = [find(slots, 'open', step.group), find(slots, 'close', step.group)];
          const wanted = start === undefined || end === undefined ? '' : text.slice(start, end);
          fits = text.startsWith(wanted, pos);
          pos += wanted.length;
          break;
        }
      }
      if (fits) {
        op += 1;
        continue;
      }
      const next = later.pop();
      if (next === undefined) return undefined;
      ({ op, pos, slots } = next);
    }
  }

  #edge(kind: 'start' | 'end' | 'word', pos: number): boolean {
    const text = this.#text;
    const lines = this.#flags.includes('m');
    if (kind === 'start') return pos === 0 || (lines && text[pos - 1] === '\n');
    if (kind === 'end') return pos === text.length || (lines && text[pos] === '\n');
    return word.test(text[pos - 1] ?? ' ') !== word.test(text[pos] ?? ' ');
  }
}

/** Places that the matcher remembers: for each number the start of a loop's turn, and a group's start and end. */
type Slots = readonly (number | undefined)[];

const slotOf = { mark: 0, open: 1, close: 2 } as const;

function put(slots: Slots, kind: keyof typeof slotOf, which: number, pos: number): Slots {
  const copy = [...slots];
  copy[which * 3 + slotOf[kind]] = pos;
  return copy;
}

function find(slots: Slots, kind: keyof typeof slotOf, which: number): number | undefined {
  return slots[which * 3 + slotOf[kind]];
}

/**
 * The steps of a search in a text, from each place until a match, and after it again if the pattern is global. V8 also
 * tries each place. It stops counting above `most`.
 */
export function stepsOf({ program, flags, tree }: Counted, text: string, most: number): number {
  const matcher = new Matcher(text, flags, most);
  const anchored =
    !flags.includes('m') &&
    tree.alternatives.every(
      ({ elements }) => elements[0]?.type === 'Assertion' && elements[0].kind === 'start',
    );
  for (let from = 0; from <= text.length && !matcher.spent;) {
    const end = matcher.at(program, from, false);
    if (end !== undefined && !flags.includes('g')) break;
    if (anchored) break;
    from = end !== undefined && end > from ? end : from + 1;
  }
  return matcher.steps;
}

/** Characters that foreign text has anyhow, and that patterns look for by classes. */
const common = ['a', 'Z', '0', '_', ' ', '\t', '\n', '.', '-', '/', '"', '\\', ':', '\x1b', 'é'];

/** What may come before, over and over, and at the end of a text. */
export interface Hostile {
  readonly before: string;
  readonly pump: string;
  readonly after: string;
}

/**
 * Texts that may keep a pattern busy: what it begins with, then a part of what it looks for over and over, then something
 * that does not fit. `random` gives numbers from 0 to 1 and decides which of a class's characters are used.
 */
export function hostileTexts({ tree, flags }: Counted, random: () => number): Hostile[] {
  const literal = new Set<string>();
  const gather = (node: AST.Element): void => {
    if (node.type === 'Character') literal.add(String.fromCodePoint(node.value));
    else if ('alternatives' in node) node.alternatives.flatMap(({ elements }) => elements).forEach(gather);
    else if (node.type === 'Quantifier') gather(node.element);
    else if (node.type === 'CharacterClass') {
      for (const part of node.elements) {
        if (part.type === 'Character') literal.add(String.fromCodePoint(part.value));
        if (part.type === 'CharacterClassRange') literal.add(String.fromCodePoint(part.min.value));
      }
    }
  };
  for (const { elements } of tree.alternatives) elements.forEach(gather);
  const alphabet = [...new Set([...literal, ...common])];
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];

  const sample = (element: AST.Element): string => {
    switch (element.type) {
      case 'Character':
        return String.fromCodePoint(element.value);
      case 'CharacterSet':
      case 'CharacterClass': {
        const set = setOf(element, flags);
        return pick(alphabet.filter(set)) ?? '';
      }
      case 'Group':
      case 'CapturingGroup':
        return pick(element.alternatives)?.elements.map(sample).join('') ?? '';
      case 'Quantifier': {
        const times = Math.max(element.min, Math.min(element.max, random() < 0.5 ? 1 : 2));
        return Array.from({ length: times }, () => sample(element.element)).join('');
      }
      case 'Assertion':
      case 'Backreference':
      case 'ExpressionCharacterClass':
        return '';
    }
  };

  const found: Hostile[] = [];
  const add = (before: string, pump: string): void => {
    if (pump === '') return;
    for (const after of ['', '\n!', '!']) found.push({ before, pump, after });
  };
  const visit = (elements: readonly AST.Element[], before: string): void => {
    const samples = elements.map(sample);
    // A single character never begins a new word, so words are pumped whole.
    const starts = elements.flatMap((element, index) =>
      index === 0 || element.type !== 'Character' || elements[index - 1]?.type !== 'Character' ? [index] : [],
    );
    for (const start of starts) {
      const lead = before + samples.slice(0, start).join('');
      for (const end of [...starts.filter((index) => index > start), elements.length]) {
        add(lead, samples.slice(start, end).join(''));
      }
      const element = elements[start];
      if (element === undefined) continue;
      const inner = element.type === 'Quantifier' ? element.element : element;
      if ('alternatives' in inner) for (const one of inner.alternatives) visit(one.elements, lead);
    }
  };
  for (const { elements } of tree.alternatives) {
    visit(elements, '');
    const whole = elements.map(sample).join('');
    for (const unit of alphabet) add(random() < 0.5 ? whole : '', unit);
    for (const unit of alphabet) add(whole.slice(0, Math.floor(random() * whole.length)), unit);
  }
  for (const unit of alphabet) add('', unit + (pick(alphabet) ?? ''));
  return found;
}

/** A hostile text of `length` UTF-16 units. */
export function written({ before, pump, after }: Hostile, length: number): string {
  const room = Math.max(0, length - before.length - after.length);
  return before + pump.repeat(Math.ceil(room / pump.length)).slice(0, room) + after;
}
