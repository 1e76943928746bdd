/** The rules of docs/architecture.md that a machine can check: who may import what, and that there is no cycle. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '../../src');

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
  .map((name) => name.replaceAll('\\', '/'));

interface Import {
  readonly from: string;
  /** A file below src, or a package's name. */
  readonly to: string;
  readonly typeOnly: boolean;
  readonly lazy: boolean;
}

const imports: readonly Import[] = files.flatMap((file) => importsOf(file));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(
    /^(?:import|export)\s+(type\s+)?[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm,
  )) {
    found.push(make(file, match[2] ?? match[3] ?? '', match[1] !== undefined, false));
  }
  for (const match of text.matchAll(/\bimport\('([^']+)'\)/g)) {
    found.push(make(file, match[1] ?? '', false, true));
  }
  return found;
}

function make(file: string, specifier: string, typeOnly: boolean, lazy: boolean): Import {
  const to = specifier.startsWith('.')
    ? relative(src, resolve(src, dirname(file), specifier)).replaceAll('\\', '/')
    : specifier.replace(/^(@[^/]+\/[^/]+|[^/]+).*$/, '$1');
  return { from: file, to, typeOnly, lazy };
}

/** First folder below src, or the file's own name for those at the top. */
function part(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.tsx?$/, '');
}

/** What each part may import; a part that is missing here fails the test that every part has a rule. */
const allowed: Record<string, readonly string[]> = {
  diagnostic: [],
  errors: ['diagnostic'],
  outcome: ['errors'],
  events: ['errors', 'outcome'],
  version: [],
  support: ['diagnostic', 'errors', 'outcome', 'events'],
  config: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'profiles'],
  profiles: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'config'],
  cluster: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'config'],
  registry: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'config', 'cluster'],
  watch: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'config', 'build'],
  build: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'config', 'cluster', 'registry'],
  deploy: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'config', 'cluster', 'build'],
  loop: ['diagnostic', 'errors', 'outcome', 'events', 'support', 'config', 'build', 'deploy', 'watch'],
  ui: ['diagnostic', 'errors', 'events', 'outcome'],
};

describe('architecture', () => {
  it('gives every part a rule', () => {
    const parts = new Set(files.map(part));
    expect([...parts].filter((name) => !['commands', 'cli'].includes(name) && !(name in allowed))).toEqual(
      [],
    );
  });

  it('keeps the direction of imports', () => {
    const wrong = imports.filter(({ from, to }) => {
      if (!files.includes(to)) return false;
      const rule = allowed[part(from)];
      return rule !== undefined && part(to) !== part(from) && !rule.includes(part(to));
    });
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it('lets the loop import interfaces only from build, deploy and config', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        part(from) === 'loop' &&
        ['build', 'deploy', 'config', 'cluster', 'registry'].includes(part(to)) &&
        !typeOnly,
    );
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it.each([
    ['chokidar', /^watch\/watcher\.ts$/],
    ['execa', /^support\/process\.ts$/],
    ['@kubernetes/client-node', /^cluster\//],
    ['ink', /^ui\//],
    ['react', /^ui\//],
    ['zod', /^config\//],
    ['ignore', /^watch\//],
  ])('has a single place that imports %s', (name, place) => {
    const importers = imports.filter(({ to }) => to === name).map(({ from }) => from);
    expect(importers.length).toBeGreaterThan(0);
    expect(importers.filter((file) => !place.test(file))).toEqual([]);
  });

  it('has a single place that listens for aborts: Node warns of the eleventh listener on a signal', () => {
    const listeners = files.filter((file) =>
      readFileSync(join(src, file), 'utf8').includes("addEventListener('abort'"),
    );
    expect(listeners).toEqual(['support/abort.ts']);
  });

  it('loads the Kubernetes client and Ink only where they are used', () => {
    const eager = reachableEagerly('cli.ts');
    expect(
      eager.filter((name) => ['@kubernetes/client-node', 'ink', 'react', 'zod', 'chokidar'].includes(name)),
    ).toEqual([]);
  });

  it('has no cycle', () => {
    expect(findCycle()).toBeUndefined();
  });

  it('has no barrel file and no default export', () => {
    const offenders = files.filter((file) => {
      const text = readFileSync(join(src, file), 'utf8');
      return (
        /(^|\/)index\.tsx?$/.test(file) || /^export default\b/m.test(text) || /^export \* from/m.test(text)
      );
    });
    expect(offenders).toEqual([]);
  });
});

function runtimeImportsOf(file: string): readonly Import[] {
  return imports.filter(({ from, typeOnly, lazy }) => from === file && !typeOnly && !lazy);
}

function reachableEagerly(entry: string): string[] {
  const seen = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    queue.push(...runtimeImportsOf(file).map(({ to }) => to));
  }
  return [...seen];
}

function findCycle(): string | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file].join(' -> ');
    if (done.has(file)) return undefined;
    path.push(file);
    for (const { to } of runtimeImportsOf(file)) {
      const cycle = visit(to);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const cycle = visit(file);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
