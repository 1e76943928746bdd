/**
 * Reads the YAML text of a configuration file into a tree with positions, or into diagnostics: syntax errors, duplicate
 * keys, tags, and files that would expand without limit (deep nesting, aliases of aliases).
 */
import { Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Parser } from 'yaml';
import type { CST, Document, ParsedNode, Scalar, YAMLError } from 'yaml';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { diagnosticAt, placeText } from './locate.ts';
import type { Entry, Origin, ScalarNode, SourceFile, Tree } from './tree.ts';

/** A real appdev.yaml nests about 15 levels at most. Recursion over much deeper ones can end the process. */
const maxDepth = 64;

/** How many values a file may have after its aliases are expanded. */
const maxNodes = 20_000;

/** The tree of a file, `undefined` if the file is empty. All diagnostics are errors: if there is one, ignore the tree. */
export interface Parsed {
  readonly tree: Tree | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Splits a text into lines for excerpts. `path` is absolute; `shown` is how messages name the file. */
export function sourceFile(path: string, shown: string, text: string): SourceFile {
  return { path, shown, lines: text.split(/\r\n|\n|\r/) };
}

/** Parses one YAML document. It never throws, whatever the text is. */
export function parseYaml(source: SourceFile, text: string): Parsed {
  const lineCounter = new LineCounter();
  const tokens = [...new Parser(lineCounter.addNewLine).parse(text)];
  const place = new Places(source, lineCounter);
  const tooDeep = findTooDeep(tokens);
  if (tooDeep !== undefined) {
    const message = `values are nested more than ${maxDepth} levels deep`;
    return { tree: undefined, diagnostics: [diagnosticAt(place.at(tooDeep, 1), message)] };
  }
  // uniqueKeys is off because duplicates are reported below, together with the place of the first.
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

/** The offset of a token below `maxDepth`. It uses its own stack, because the text decides how deep the walk goes. */
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

/** Converts offsets in a text to origins in its file. */
class Places {
  readonly #source: SourceFile;
  readonly #counter: LineCounter;

  constructor(source: SourceFile, counter: LineCounter) {
    this.#source = source;
    this.#counter = counter;
  }

  /** The place of `length` characters from an offset. It ends at the end of the line and of the file. */
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
    message: 'the indentation has a tab, but YAML allows spaces only',
    hint: 'replace the tab with spaces',
  },
  BAD_INDENT: { hint: 'indent this line like its neighbours' },
  BAD_SCALAR_START: { hint: 'put the value in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    hint: 'put a value that contains ": " in quotes, or start it on a new line',
  },
  TAG_RESOLVE_FAILED: { hint: 'remove the tag' },
  MULTILINE_IMPLICIT_KEY: {
    message: 'this key has no value',
    hint: 'write `key: value`, with a space after the colon',
  },
};

const unclosed = { message: 'a "[" or "{" before this place is not closed', hint: 'add the closing bracket' };

/** The parser's own errors, but only the first of each line: the others mostly follow from it. */
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
      'a second YAML document begins here, but the file must have only one',
      'remove the line with ---',
    );
  }
  return [...found.values()];
}

/** Makes the tree. It follows aliases, up to `maxNodes` values and `maxDepth` levels. */
class TreeReader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #place: Places;
  readonly #document: Document<ParsedNode>;
  #nodes = 0;

  constructor(place: Places, document: Document<ParsedNode>) {
    this.#place = place;
    this.#document = document;
  }

  /** Reads one value. `key` is the place of its key, which is used as the place of an empty value. */
  read(node: ParsedNode | null, key: Origin | undefined, depth: number): Tree {
    const [start, end] = node?.range ?? [0, 0];
    const origin = key !== undefined && end === start ? key : this.#place.at(start, end - start);
    this.#nodes += 1;
    if (this.#nodes > maxNodes || depth > maxDepth) {
      if (this.diagnostics.length === 0) {
        this.diagnostics.push(
          diagnosticAt(
            origin,
            `with its aliases expanded, the file has more than ${maxNodes} values or ${maxDepth} levels`,
            'write the values out instead of using aliases',
          ),
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
    const merged: Entry[] = [];
    for (const { key, value } of items) {
      const [start, end] = key?.range ?? [0, 0];
      const place = this.#place.at(start, end - start);
      if (!isScalar(key)) {
        this.diagnostics.push(diagnosticAt(place, 'this key is not a plain name', 'write `name: value`'));
        continue;
      }
      if (key.source === mergeKey && key.type === 'PLAIN') {
        merged.push({ key: place, value: this.read(value, place, depth + 1) });
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : key.source;
      const first = entries.get(name);
      if (first === undefined) {
        entries.set(name, { key: place, value: this.read(value, place, depth + 1) });
      } else {
        const message = `the key "${name}" appears twice; the first is at ${placeText(first.key)}`;
        this.diagnostics.push(diagnosticAt(place, message, 'keep one of them'));
      }
    }
    for (const one of merged) this.#merge(one, entries);
    return { kind: 'map', origin, entries };
  }

  /** Adds the keys of the map, or of the list of maps, after `<<`. A key that is there already stays as it is. */
  #merge({ key, value }: Entry, entries: Map<string, Entry>): void {
    for (const source of value.kind === 'list' ? value.items : [value]) {
      if (source.kind !== 'map') {
        const message = '<< takes the alias of a map, or a list of them';
        this.diagnostics.push(diagnosticAt(key, message, 'write `<<: *name`, with `&name` at a map above'));
        return;
      }
      for (const [name, entry] of source.entries) if (!entries.has(name)) entries.set(name, entry);
    }
  }
}

/** The merge key of YAML 1.1 (yaml.org/type/merge.html). YAML 1.2 dropped it, but most files with anchors use it. */
const mergeKey = '<<';

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
