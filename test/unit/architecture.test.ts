/** The rules of docs/architecture.md that a machine can check: who may import what, and that there is no cycle. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { roomLimit, rooms } from './rooms.ts';

const top = resolve(import.meta.dirname, '../..');
const src = join(top, 'src');

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
  .map((name) => name.replaceAll('\\', '/'))
  .sort();

interface Import {
  readonly from: string;
  /** A file below src, or a package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly lazy: boolean;
}

const sources = new Map(files.map((file) => [file, parse(file, readFileSync(join(src, file), 'utf8'))]));
const imports: readonly Import[] = [...sources].flatMap(([file, source]) => importsOf(file, source));

function parse(file: string, text: string): ts.SourceFile {
  return ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
}

function importsOf(file: string, source: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: { typeOnly?: boolean; lazy?: boolean }): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const { typeOnly = false, lazy = false } = kind;
    found.push({ from: file, to: targetOf(file, specifier.text), typeOnly, lazy });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, { typeOnly: onlyTypes(node.importClause) });
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, { typeOnly: node.isTypeOnly });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      add(node.argument.literal, { typeOnly: true });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], { lazy: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** `import { type A }` is not one: with verbatimModuleSyntax the module is loaded all the same. */
function onlyTypes(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

function targetOf(file: string, specifier: string): string {
  return specifier.startsWith('.')
    ? relative(src, resolve(src, dirname(file), specifier)).replaceAll('\\', '/')
    : specifier.replace(/^(@[^/]+\/[^/]+|[^/]+).*$/, '$1');
}

/** The folder of a file, below src; that of cli.ts is ''. */
function roomOf(file: string): string {
  return file.includes('/') ? dirname(file) : '';
}

/** Imports from one file of src to another. */
const inner = imports.filter(({ to }) => sources.has(to));
const roomImports = inner
  .map(({ from, to }) => ({ from: roomOf(from), to: roomOf(to) }))
  .filter(({ from, to }) => from !== to);

describe('rooms', () => {
  it('have a line each in rooms.ts, and no line is left for a room that is gone', () => {
    expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(rooms).sort());
  });

  it('import only from the rooms that rooms.ts allows', () => {
    const wrong = inner.filter(({ from, to }) => {
      const [room, other] = [roomOf(from), roomOf(to)];
      return room !== other && rooms[room]?.from.includes(other) !== true;
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('are allowed only what they use', () => {
    const used = new Set(roomImports.map(({ from, to }) => `${from} -> ${to}`));
    const allowed = Object.entries(rooms).flatMap(([room, { from }]) => from.map((to) => `${room} -> ${to}`));
    expect(allowed.filter((pair) => !used.has(pair))).toEqual([]);
  });

  it('form no cycle, types included', () => {
    expect(findCycle(Object.keys(rooms), (room) => rooms[room]?.from ?? [])).toBeUndefined();
    expect(findCycle(Object.keys(rooms), targetsIn(roomImports))).toBeUndefined();
  });

  it(`hold no more than ${roomLimit} files`, () => {
    const full = Object.keys(rooms)
      .map((room) => ({ room, count: files.filter((file) => roomOf(file) === room).length }))
      .filter(({ count }) => count > roomLimit);
    expect(full).toEqual([]);
  });

  it('stand in docs/architecture.md as they are here (else run this test with UPDATE_GENERATED=1)', () => {
    const path = join(top, 'docs/architecture.md');
    const text = readFileSync(path, 'utf8');
    const [start, end] = ['<!-- rooms: generated from test/unit/rooms.ts -->\n', '<!-- end of rooms -->'];
    const [before, , after] = text.split(new RegExp(`(${start}[^]*?${end})`));
    const wanted = `${before ?? ''}${start}\n${roomsText()}\n${end}${after ?? ''}`;
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(path, wanted);
    expect(readFileSync(path, 'utf8')).toBe(wanted);
  });
});

describe('files', () => {
  it('form no cycle, types included', () => {
    expect(findCycle(files, targetsIn(inner))).toBeUndefined();
  });

  it('of the loop import interfaces only from build, deploy and config', () => {
    const wrong = inner.filter(
      ({ from, to, typeOnly }) =>
        from.startsWith('loop/') && /^(build|deploy|config|cluster|registry)\//.test(to) && !typeOnly,
    );
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it.each([
    ['chokidar', /^watch\/watcher\.ts$/],
    ['execa', /^support\/process\/process\.ts$/],
    ['@kubernetes/client-node', /^cluster\/api\/sign-in\.ts$/],
    ['ws', /^cluster\/api\/channels\.ts$/],
    ['diff', /^deploy\/live\/shown\.ts$/],
    ['dockerfile-ast', /^build\/image\/context\/copy-sources\.ts$/],
    ['ink', /^ui\/panel\/tui\//],
    ['react', /^ui\/panel\/tui\//],
    ['zod', /^config\//],
    // One place for what git ignores, one for what Helm ignores.
    ['ignore', /^(watch\/|deploy\/helm\/chart\/content\.ts$)/],
    ['semver', /^deploy\/helm\/chart\/versions\.ts$/],
  ])('have a single place that imports %s', (name, place) => {
    const importers = imports.filter(({ to }) => to === name).map(({ from }) => from);
    expect(importers.length).toBeGreaterThan(0);
    expect(importers.filter((file) => !place.test(file))).toEqual([]);
  });

  it('have a single place that listens for aborts: Node warns of the eleventh listener on a signal', () => {
    const listeners = files.filter((file) => textOf(file).includes("addEventListener('abort'"));
    expect(listeners).toEqual(['support/abort.ts']);
  });

  it('have two places that read the variables and arguments of the process: the door, and what Node itself asks', () => {
    const readers = files.filter((file) => {
      const source = sources.get(file);
      return source !== undefined && readsProcess(source);
    });
    expect(readers).toEqual(['cli.ts', 'support/system.ts']);
  });

  it('do not pass the raw environment on under its type in Node', () => {
    expect(files.filter((file) => textOf(file).includes('ProcessEnv'))).toEqual([]);
  });

  it('load the Kubernetes client and Ink only where they are used', () => {
    const eager = reachableEagerly('cli.ts');
    const heavy = [
      '@kubernetes/client-node',
      'ws',
      'dockerfile-ast',
      'diff',
      'ink',
      'react',
      'zod',
      'chokidar',
    ];
    expect(eager.filter((name) => heavy.includes(name))).toEqual([]);
  });

  it('are not barrels and have no default export', () => {
    const offenders = files.filter((file) => {
      const text = textOf(file);
      return (
        /(^|\/)index\.tsx?$/.test(file) || /^export default\b/m.test(text) || /^export \* from/m.test(text)
      );
    });
    expect(offenders).toEqual([]);
  });
});

describe('the search for readers of the process', () => {
  it.each([
    ["const a = process.env['A'];", true],
    ['const [, , a] = process.argv;', true],
    ["const a = process['env'];", true],
    ["const a = globalThis.process.env['A'];", true],
    ['function f(env = process.env) {}', true],
    ['const { env } = process;', true],
    ['const { argv: words, pid } = process;', true],
    ['const all = process;', true],
    ["import { env } from 'node:process';", true],
    ["import process from 'process';", true],
    ['const a = process.platform;', false],
    ['const { pid, platform } = process;', false],
    ["const a = build.env['A'];", false],
    ['// process.env', false],
    ["const text = 'process.env';", false],
  ])('%s: %s', (text, reads) => {
    expect(readsProcess(parse('x.ts', text))).toBe(reads);
  });
});

describe('the reading of imports', () => {
  it('sees every form, and which of them load nothing', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      "import { type C } from './c.ts';",
      "import './d.ts';",
      "export { e } from './e.ts';",
      "export type { F } from './f.ts';",
      "const g = await import('./g.ts');",
      "type H = import('./h.ts').H;",
      "import {\n  type I,\n  j,\n} from '@scope/name/deep.js';",
      "// import { k } from './k.ts';",
      'const l = "import { l } from \'./l.ts\'";',
    ].join('\n');
    const shown = importsOf('room/x.ts', parse('room/x.ts', text)).map(
      ({ to, typeOnly, lazy }) => `${to}${typeOnly ? ' type' : ''}${lazy ? ' lazy' : ''}`,
    );
    expect(shown).toEqual([
      'room/a.ts',
      'room/b.ts type',
      'room/c.ts',
      'room/d.ts',
      'room/e.ts',
      'room/f.ts type',
      'room/g.ts lazy',
      'room/h.ts type',
      '@scope/name',
    ]);
  });

  it('finds a cycle', () => {
    const steps = targetsIn([
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'b' },
    ]);
    expect(findCycle(['a'], steps)).toBe('b -> c -> b');
  });
});

/** True if a file reads the variables or the arguments of the process, or takes the whole of `process` to do so. */
function readsProcess(source: ts.SourceFile): boolean {
  const secret = (name: string): boolean => name === 'env' || name === 'argv';
  const isProcess = (node: ts.Node): boolean =>
    (ts.isIdentifier(node) && node.text === 'process') ||
    (ts.isPropertyAccessExpression(node) && node.name.text === 'process');
  const reads = (node: ts.Node): boolean => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      return /^(node:)?process$/.test(node.moduleSpecifier.text);
    }
    if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && secret(node.name.text);
    if (ts.isElementAccessExpression(node)) return isProcess(node.expression);
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined && isProcess(node.initializer)) {
      return ts.isObjectBindingPattern(node.name)
        ? node.name.elements.some(
            ({ propertyName, name, dotDotDotToken }) =>
              dotDotDotToken !== undefined || secret((propertyName ?? name).getText(source)),
          )
        : true;
    }
    return false;
  };
  const visit = (node: ts.Node): boolean =>
    reads(node) || ts.forEachChild(node, (child) => visit(child) || undefined) === true;
  return visit(source);
}

function textOf(file: string): string {
  return sources.get(file)?.text ?? '';
}

function reachableEagerly(entry: string): string[] {
  const steps = targetsIn(imports.filter(({ typeOnly, lazy }) => !typeOnly && !lazy));
  const seen = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    queue.push(...steps(file));
  }
  return [...seen];
}

function targetsIn(
  pairs: readonly { readonly from: string; readonly to: string }[],
): (from: string) => readonly string[] {
  const targets = new Map<string, Set<string>>();
  for (const { from, to } of pairs) targets.set(from, (targets.get(from) ?? new Set()).add(to));
  return (from) => [...(targets.get(from) ?? [])];
}

function findCycle(
  starts: readonly string[],
  stepsFrom: (name: string) => readonly string[],
): string | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): string | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name].join(' -> ');
    if (done.has(name)) return undefined;
    path.push(name);
    for (const next of stepsFrom(name)) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(name);
    return undefined;
  };
  for (const start of starts) {
    const cycle = visit(start);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** The tree of the rooms with a line each, and what each may import, as docs/architecture.md has them. */
function roomsText(): string {
  const named = Object.entries(rooms).filter(([room]) => room !== '');
  const indented = (room: string): string => {
    const parts = room.split('/');
    return `${'  '.repeat(parts.length)}${parts.at(-1) ?? ''}/`;
  };
  const tree: string[] = [];
  const opened = new Set<string>();
  for (const [room, { about }] of named) {
    // A folder that only holds rooms has a line, but none of its own in the table.
    const parent = room.includes('/') ? dirname(room) : undefined;
    if (parent !== undefined && rooms[parent] === undefined && !opened.has(parent)) {
      opened.add(parent);
      tree.push(indented(parent));
    }
    tree.push(`${indented(room).padEnd(18)}${about}`);
  }
  const list = named.map(([room, { from }]) => {
    const names = from.map((name) => `\`${name}\``).join(', ');
    return `- \`${room}\`: ${names === '' ? 'nothing' : names}`;
  });
  return [
    '```',
    `${'src/'.padEnd(18)}cli.ts, ${rooms['']?.about ?? ''}`,
    ...tree,
    '```',
    '',
    'A room may import from these, and from nothing else:',
    '',
    ...list,
    '',
  ].join('\n');
}
