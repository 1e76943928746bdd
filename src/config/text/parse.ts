/**
 * Reads YAML text into a tree with positions, or into diagnostics: syntax errors, duplicate keys, tags, and files
 * that are built to explode (deep nesting, aliases of aliases). The only importer of `yaml` for reading.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Parser } from 'yaml';
import type { CST, Document, ParsedNode, Scalar, YAMLError } from 'yaml';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt, placeText } from './locate.ts';
import type { Entry, Origin, ScalarNode, SourceFile, Tree } from './tree.ts';

/** No real appdev.yaml nests deeper than some 15 levels; recursion over much deeper ones can end the process. */
const maxDepth = 64;

/** How many values a file may expand to, aliases included. */
const maxNodes = 20_000;

/** A file's tree; `undefined` when it is empty. Diagnostics are all errors: with one, the tree is not to be used. */
export interface Parsed {
  readonly tree: Tree | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Wraps a text for parsing. `path` is absolute, `shown` is how messages name the file. */
export function sourceFile(path: string, shown: string, text: string): SourceFile {
  return { path, shown, lines: text.split(/\r\n|\n|\r/) };
}

/** Parses one YAML document. Never throws on any text. */
export function parseYaml(source: SourceFile, text: string): Parsed {
  const lineCounter = new LineCounter();
  const tokens = [...new Parser(lineCounter.addNewLine).parse(text)];
  const place = new Places(source, lineCounter);
  const tooDeep = findTooDeep(tokens);
  if (tooDeep !== undefined) {
    const message = `more than ${maxDepth} values inside each other`;
    return { tree: undefined, diagnostics: [diagnosticAt(place.at(tooDeep, 1), message)] };
  }
  // uniqueKeys: duplicates are reported below, with the place of the first.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false, schema: 'core' });
  const documents = [...composer.compose(tokens, true, text.length)];
  const document = documents[0];
  if (document === undefined) return { tree: undefined, diagnostics: [] };
  const syntax = syntaxErrors(place, documents);
  if (syntax.length > 0) return { tree: undefined, diagnostics: syntax };
  const reader = new TreeReader(place, document);
  const contents = document.contents;
  const tree = contents === null ? undefined : reader.read(contents, undefined, 0);
  return { tree, diagnostics: reader.diagnostics };
}

/** Offset of the first token below `maxDepth`. Walks with a stack of its own: the text decides how deep it goes. */
function findTooDeep(tokens: readonly CST.Token[]): number | undefined {
  const stack: [token: CST.Token, depth: number][] = tokens.map((token) => [token, 0]);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [token, depth] = next;
    if (depth > maxDepth) return token.offset;
    if (token.type === 'document' && token.value !== undefined) stack.push([token.value, depth]);
    if (!('items' in token)) continue;
    for (const item of token.items) {
      if (item.key) stack.push([item.key, depth + 1]);
      if (item.value) stack.push([item.value, depth + 1]);
    }
  }
  return undefined;
}

/** Offsets of a text as origins in its file. */
class Places {
  readonly #source: SourceFile;
  readonly #counter: LineCounter;

  constructor(source: SourceFile, counter: LineCounter) {
    this.#source = source;
    this.#counter = counter;
  }

  /** The place of `length` characters from an offset, cut at the end of the line and of the file. */
  at(offset: number, length: number): Origin {
    const { line, col } = this.#counter.linePos(offset);
    const { lines } = this.#source;
    const onLine = Math.min(Math.max(line, 1), lines.length);
    const text = lines[onLine - 1] ?? '';
    const column = line === onLine ? col : text.length + 1;
    return {
      source: this.#source,
      line: onLine,
      column,
      length: Math.max(1, Math.min(length, text.trimEnd().length - column + 1)),
    };
  }
}

const syntaxHints: Partial<Record<YAMLError['code'], { message?: string; hint: string }>> = {
  TAB_AS_INDENT: {
    message: 'a tab in the indentation; YAML takes spaces only',
    hint: 'replace the tab by spaces',
  },
  BAD_INDENT: { hint: 'align this line with its neighbours' },
  BAD_SCALAR_START: { hint: 'put the value in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    hint: 'put a value that contains ": " in quotes, or begin it on a line of its own',
  },
  TAG_RESOLVE_FAILED: { hint: 'remove the tag' },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a key without a value',
    hint: 'write `key: value`, with a space after the colon',
  },
};

const unclosed = { message: 'a "[" or "{" before this place is not closed', hint: 'add the closing bracket' };

/** The parser's own errors, the first of each line: those after it are mostly its echo. */
function syntaxErrors(place: Places, documents: readonly Document[]): Diagnostic[] {
  const found = new Map<number, Diagnostic>();
  const add = (origin: Origin, message: string, hint?: string): void => {
    if (!found.has(origin.line)) found.set(origin.line, diagnosticAt(origin, message, hint));
  };
  for (const error of documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])) {
    const known = error.message.startsWith('Flow ') ? unclosed : syntaxHints[error.code];
    const message = (error.message.split('\n')[0] ?? '').replace(/^[A-Z](?=[a-z ])/, (first) =>
      first.toLowerCase(),
    );
    add(place.at(error.pos[0], error.pos[1] - error.pos[0]), known?.message ?? message, known?.hint);
  }
  const second = documents[1];
  if (second !== undefined) {
    add(
      place.at(second.range?.[0] ?? 0, 3),
      'a second YAML document begins here; the file holds one',
      'remove the line with ---',
    );
  }
  return [...found.values()];
}

/** Makes the tree, following aliases, within the limits. */
class TreeReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #place: Places;
  readonly #document: Document<ParsedNode>;
  #nodes = 0;

  constructor(place: Places, document: Document<ParsedNode>) {
    this.#place = place;
    this.#document = document;
  }

  /** `key` is where the key of the value stands: the place of a value that is not there. */
  read(node: ParsedNode | null, key: Origin | undefined, depth: number): Tree {
    const [start, end] = node?.range ?? [0, 0];
    const origin = key !== undefined && end === start ? key : this.#place.at(start, end - start);
    this.#nodes += 1;
    if (this.#nodes > maxNodes || depth > maxDepth) {
      if (this.diagnostics.length === 0) {
        this.diagnostics.push(
          diagnosticAt(origin, 'aliases make the file too large to read', 'write the values out'),
        );
      }
      return { kind: 'scalar', origin, value: null };
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document) as ParsedNode | undefined;
      if (target !== undefined) return this.read(target, key, depth + 1);
      this.diagnostics.push(diagnosticAt(origin, `there is no anchor &${node.source} before this alias`));
      return { kind: 'scalar', origin, value: null };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item, undefined, depth + 1));
      return { kind: 'list', origin, items };
    }
    if (isMap(node)) return this.#readMap(node.items, origin, depth);
    return scalarOf(node, origin);
  }

  #readMap(items: readonly Pair[], origin: Origin, depth: number): Tree {
    const entries = new Map<string, Entry>();
    for (const { key, value } of items) {
      const [start, end] = key?.range ?? [0, 0];
      const place = this.#place.at(start, end - start);
      if (!isScalar(key)) {
        this.diagnostics.push(diagnosticAt(place, 'a key must be a plain name', 'write `name: value`'));
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : key.source;
      const first = entries.get(name);
      if (first === undefined) {
        entries.set(name, { key: place, value: this.read(value, place, depth + 1) });
      } else {
        const message = `the key "${name}" is here for the second time; the first is at ${placeText(first.key)}`;
        this.diagnostics.push(diagnosticAt(place, message, 'keep one of them'));
      }
    }
    return { kind: 'map', origin, entries };
  }
}

interface Pair {
  readonly key: ParsedNode | null;
  readonly value: ParsedNode | null;
}

function scalarOf(node: Scalar.Parsed | null, origin: Origin): ScalarNode {
  const value: unknown = node?.value ?? null;
  if (typeof value === 'number') {
    return { kind: 'scalar', origin, value, written: node?.source ?? String(value) };
  }
  const known = typeof value === 'string' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', origin, value: known };
}
