import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok } from '../../../core/outcome.ts';
import { clear, clearingFor, type LastBuild } from './output-clearing.ts';

const source = '/p/src/main/java/a/A.java';
const resource = '/p/src/main/resources/application.properties';
const metadata = '/p/src/main/resources/META-INF/additional-spring-configuration-metadata.json';
const copy = '/p/target/classes/application.properties';
const compiled = '/p/target/classes/a/A.class';

const last: LastBuild = {
  settings: 'one',
  inputs: new Map([source, resource, metadata, '/p/src/main/openapi.yaml'].map((path) => [path, '1'])),
  output: new Map([compiled, copy, '/p/target/p.jar'].map((path) => [path, '1'])),
  copies: new Set([copy]),
  makes: 'nothing else',
  isHalfGenerated: false,
  isPacked: true,
};

/** What goes after these files were written. */
function after(written: readonly string[], of: LastBuild = last, settings = 'one'): string {
  const now = (picture: ReadonlyMap<string, string> | undefined, prefix: RegExp): Map<string, string> => {
    const next = new Map(picture);
    for (const path of written) if (prefix.test(path)) next.set(path, '2');
    return next;
  };
  const output = now(of.output ?? last.output, /^\/p\/target\//);
  return clearingFor(of, { settings, inputs: now(of.inputs, /^\/p\/src\//), output });
}

const { output: _output, ...failed } = last;

describe('what goes before a build', () => {
  it('is everything if nothing is known, or the poms have changed', () => {
    expect(clearingFor(undefined, { settings: 'one', inputs: new Map(), output: new Map() })).toBe('all');
    expect(after([], last, 'two')).toBe('all');
  });

  it.each([
    ['no file', [], 'nothing'],
    ['a source', [source], 'classes'],
    ['a resource', [resource], 'copies'],
    ['a resource for annotation processors', [metadata], 'classes'],
    ['a source and a resource', [source, resource], 'classes'],
    ['a class, by someone else', [compiled], 'classes'],
    ['the copy of a resource, by someone else', [copy], 'copies'],
    ['a new file of someone else', ['/p/target/classes/stray.txt'], 'classes'],
    ['the jar, by someone else', ['/p/target/p.jar'], 'classes'],
  ])('of a module that compiles and copies, after %s was written', (_what, written, wanted) => {
    expect(after(written)).toBe(wanted);
  });

  it.each([
    ['no file', [], 'nothing'],
    ['a source', [source], 'class-files'],
    ['a resource', [resource], 'all'],
    ['what sources are generated from', ['/p/src/main/openapi.yaml'], 'all'],
    ['a class, by someone else', [compiled], 'class-files'],
    ['a new file of someone else', ['/p/target/classes/stray.txt'], 'all'],
  ])('of a module that generates sources, too, after %s was written', (_what, written, wanted) => {
    expect(after(written, { ...last, makes: 'generated' })).toBe(wanted);
  });

  it('of a module with goals that nobody knows, is everything as soon as anything was written', () => {
    const unknown: LastBuild = { ...last, makes: 'unknown' };
    expect([after([], unknown), after([source], unknown)]).toEqual(['nothing', 'all']);
  });

  it('after a compilation, is the jars, or what an edit makes out of date', () => {
    const compiledOnly: LastBuild = { ...last, isPacked: false };
    expect(after([], compiledOnly)).toBe('jars');
    expect(after([], { ...compiledOnly, makes: 'unknown' })).toBe('jars');
    expect(after([resource], compiledOnly)).toBe('copies');
    expect(after([source], compiledOnly)).toBe('classes');
    expect(after([compiled], compiledOnly)).toBe('classes');
  });

  it('after a build that failed, is what it may have left half done', () => {
    expect(after([], failed)).toBe('classes');
    expect(after([], { ...failed, makes: 'generated' })).toBe('class-files');
    expect(after([], { ...failed, makes: 'generated', isHalfGenerated: true })).toBe('all');
    expect(after([], { ...failed, makes: 'unknown' })).toBe('all');
  });
});

describe('clearing', () => {
  let target: string;
  beforeEach(() => {
    target = mkdtempSync(join(tmpdir(), 'appdev-clearing-'));
    const files = [
      ...[
        'classes/a/A.class',
        'classes/texts/one.txt',
        'classes/static/app.js',
        'test-classes/a/ATest.class',
      ],
      ...['generated-sources/annotations/a/B.java', 'generated-sources/openapi/a/C.java', 'checksums.csv'],
      ...['maven-status/maven-compiler-plugin/compile/created.lst', 'p.jar', 'p.jar.original'],
    ];
    for (const file of files) {
      mkdirSync(dirname(join(target, file)), { recursive: true });
      writeFileSync(join(target, file), '');
    }
  });
  afterEach(() => {
    rmSync(target, { recursive: true });
  });
  const left = (): string[] =>
    readdirSync(target, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
      .sort();
  const generated = ['checksums.csv', 'generated-sources/openapi/a/C.java'];
  const tests = 'test-classes/a/ATest.class';

  it('of class files keeps what generators made, and the copies of resources', async () => {
    expect(
      await clear(
        { output: target, classes: join(target, 'classes'), withTests: false, withJars: true },
        'class-files',
        new Set(),
      ),
    ).toEqual(ok(undefined));
    const kept = [generated[0], 'classes/static/app.js', 'classes/texts/one.txt', generated[1], tests];
    expect(left()).toEqual(kept);
    // A folder that is left without a file would be in the jar.
    expect(readdirSync(join(target, 'classes')).sort()).toEqual(['static', 'texts']);
  });

  it('of copies keeps the class files', async () => {
    const copies = new Set([join(target, 'classes/texts/one.txt')]);
    await clear(
      { output: target, classes: join(target, 'classes'), withTests: false, withJars: true },
      'copies',
      copies,
    );
    expect(left()).toContain('classes/a/A.class');
    expect(left()).not.toContain('p.jar');
    expect(readdirSync(join(target, 'classes')).sort()).toEqual(['a', 'static']);
  });

  it('of classes keeps what lies beside them, of everything nothing', async () => {
    await clear(
      { output: target, classes: join(target, 'classes'), withTests: false, withJars: true },
      'classes',
      new Set(),
    );
    expect(left()).toEqual([...generated, tests]);
    await clear(
      { output: target, classes: join(target, 'classes'), withTests: false, withJars: true },
      'all',
      new Set(),
    );
    expect(readdirSync(target)).toEqual([]);
  });

  it('of jars keeps everything else', async () => {
    const before = left();
    await clear(
      { output: target, classes: join(target, 'classes'), withTests: false, withJars: true },
      'jars',
      new Set(),
    );
    expect(left()).toEqual(before.filter((path) => !path.startsWith('p.jar')));
  });

  it.each(['jars', 'copies', 'class-files', 'classes', 'all'] as const)(
    'of %s keeps the jars of before if none is made',
    async (clearing) => {
      await clear(
        { output: target, classes: join(target, 'classes'), withTests: false, withJars: false },
        clearing,
        new Set(),
      );
      expect(left().filter((path) => path.startsWith('p.jar'))).toEqual(['p.jar', 'p.jar.original']);
    },
  );

  it('takes the test classes of before along if tests are compiled', async () => {
    await clear(
      { output: target, classes: join(target, 'classes'), withTests: true, withJars: true },
      'nothing',
      new Set(),
    );
    expect(left()).not.toContain(tests);
    expect(left()).toContain('p.jar');
  });
});
