/**
 * Random edits of the small project (edited-project.ts), as people, git and IDEs make them, from a seed. An edit is drawn as
 * numbers and interpreted by what is there, so that the same seed gives the same sequence.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import {
  modules,
  writeSources,
  type BuildKind,
  type JavaClass,
  type ModuleName,
  type Sources,
} from './edited-project.ts';

const sourceEdits = [
  'add class',
  'change class',
  'use another class',
  'remove class',
  'rename class',
  'rename class and its uses',
  'move class',
  'inner class',
  'second class',
  'break class',
  'fix',
  'add resource',
  'change resource',
  'remove resource',
  'move resource',
] as const;
const ideWrites = [
  'ide: class without a source',
  'ide: class of another time',
  'ide: removes a class',
  'ide: changes a resource',
  'ide: adds a file',
] as const;

type SourceEdit = (typeof sourceEdits)[number];
type IdeWrite = (typeof ideWrites)[number];

/** One edit, as drawn. `first` and `second` choose among what is there. */
export interface Edit {
  readonly kind: SourceEdit | IdeWrite | 'another branch';
  readonly first: number;
  readonly second: number;
  /** The files get times of an hour ago, as from an archive or an IDE's history. */
  readonly looksOld: boolean;
  /** What happens next: another edit, a build, or a build that is stopped at some line of its output. */
  readonly next: 'edit' | 'build' | 'stopped build' | 'disturbed build';
  /** At which line, in thousandths of those of a whole build. */
  readonly at: number;
  /** Whether that build only compiles. */
  readonly compiles: boolean;
}

/** Draws a sequence. */
export function drawEdits(seed: number, count: number): readonly Edit[] {
  const edit = fc.record({
    kind: fc.constantFrom(...sourceEdits, 'another branch' as const, ...ideWrites),
    first: fc.nat(1000),
    second: fc.nat(1000),
    looksOld: fc.boolean(),
    next: fc.constantFrom('edit', 'edit', 'edit', 'build', 'build', 'stopped build', 'disturbed build'),
    at: fc.nat(999),
    compiles: fc.boolean(),
  });
  return fc.sample(edit, { seed, numRuns: count });
}

/** A project that is being edited. */
export class Editor {
  readonly root: string;
  readonly #kind: BuildKind;
  #sources: Sources;
  readonly #branches: Sources[] = [];
  #count = 0;

  constructor(root: string, kind: BuildKind, sources: Sources) {
    this.root = root;
    this.#kind = kind;
    this.#sources = sources;
  }

  get sources(): Sources {
    return this.#sources;
  }

  /** Carries out an edit. */
  apply({ kind, first, second, looksOld }: Edit): void {
    this.#count += 1;
    if (isIdeWrite(kind)) {
      this.#writeOutput(kind, first);
      return;
    }
    if (this.#count % 4 === 0) this.#branches.push(this.#sources);
    this.#sources =
      kind === 'another branch'
        ? (pick(this.#branches, first) ?? this.#sources)
        : edited(this.#sources, kind, first, second, this.#count);
    writeSources(this.root, this.#sources, looksOld);
  }

  /** Writes a class into the output, as an IDE does that is behind. */
  disturb(first: number): void {
    this.#writeOutput(first % 2 === 0 ? 'ide: class without a source' : 'ide: class of another time', first);
  }

  #writeOutput(kind: IdeWrite, first: number): void {
    const { output, classes, resources } = this.#kind;
    const folder = (below: string): string => join(this.root, pick(modules, first) ?? 'app', output, below);
    const later = new Date(Date.now() + 60_000);
    const write = (path: string): void => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `written by an IDE ${this.#count}`);
      utimesSync(path, later, later);
    };
    const files = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);
    const demo = folder(join(classes, 'demo'));
    const some = pick(files(demo), first);
    const text = pick(files(folder(join(resources, 'texts'))), first);
    if (kind === 'ide: class without a source') write(join(demo, `Ghost${first % 3}.class`));
    if (kind === 'ide: class of another time' && some !== undefined) write(join(demo, some));
    if (kind === 'ide: removes a class' && some !== undefined) rmSync(join(demo, some));
    if (kind === 'ide: changes a resource' && text !== undefined)
      write(join(folder(resources), 'texts', text));
    if (kind === 'ide: adds a file') write(join(folder(resources), 'texts', `stray${first % 3}.txt`));
  }
}

function isIdeWrite(kind: Edit['kind']): kind is IdeWrite {
  return ideWrites.some((one) => one === kind);
}

function edited(sources: Sources, kind: SourceEdit, first: number, second: number, number: number): Sources {
  const classes = new Map(sources.classes);
  const resources = new Map(sources.resources);
  const name = pick([...classes.keys()], first) ?? 'A';
  const text = pick([...resources.keys()], first) ?? 'one.txt';
  const java = classes.get(name);
  const change = (part: Partial<JavaClass>): void => {
    if (java !== undefined) classes.set(name, { ...java, ...part });
  };
  const module: ModuleName = pick(modules, second) ?? 'lib';
  const fresh = 'EFGHIJKL'.charAt(second % 8);
  switch (kind) {
    case 'add class':
      classes.set(fresh, { module, number, hasInner: false, hasSecond: first % 2 === 0, isBroken: false });
      break;
    case 'change class':
      change({ number });
      break;
    case 'use another class':
      change({ uses: { name: pick([...classes.keys()], second) ?? 'A', constant: first % 2 === 0 } });
      break;
    case 'remove class':
      classes.delete(name);
      break;
    case 'rename class':
    case 'rename class and its uses':
      if (java === undefined) break;
      classes.delete(name);
      classes.set(fresh, java);
      if (kind === 'rename class') break;
      for (const [other, one] of classes)
        if (one.uses?.name === name) classes.set(other, { ...one, uses: { ...one.uses, name: fresh } });
      break;
    case 'move class':
      change({ module });
      break;
    case 'inner class':
      change({ hasInner: java?.hasInner === false });
      break;
    case 'second class':
      change({ hasSecond: java?.hasSecond === false });
      break;
    case 'break class':
      change({ isBroken: true });
      break;
    case 'fix':
      for (const [other, { uses, ...one }] of classes) {
        const target = uses === undefined ? undefined : classes.get(uses.name);
        const works = target !== undefined && (target.module === 'lib' || one.module === 'app');
        classes.set(other, { ...one, isBroken: false, ...(works && uses !== undefined ? { uses } : {}) });
      }
      break;
    case 'add resource':
      resources.set(`${fresh}.txt`, { module, number });
      break;
    case 'change resource':
      resources.set(text, { module: resources.get(text)?.module ?? module, number });
      break;
    case 'remove resource':
      resources.delete(text);
      break;
    case 'move resource':
      resources.set(text, { module, number: resources.get(text)?.number ?? number });
      break;
  }
  return { classes, resources };
}

function pick<T>(items: readonly T[], number: number): T | undefined {
  return items[number % items.length];
}
