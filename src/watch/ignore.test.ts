import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitRule, isInSources, isOutputFolder, projectRule } from './ignore.ts';

describe('projectRule', () => {
  const rule = projectRule('/p', ['*.gen.java', '/notes/', '!keep.log'], false);
  const ignored = (path: string, folder = false): boolean => rule(`/p/${path}`, folder);

  it.each([
    '4913',
    'src/main/java/4913',
    'src/.App.java.swp',
    'src/.App.java.swx',
    'src/App.java~',
    'src/.#App.java',
    'src/#App.java#',
    'src/App.java___jb_tmp___',
    'src/App.java___jb_old___',
    'src/.goutputstream-X1Y2Z3',
    '.DS_Store',
    'logs/app.log',
    'hs_err_pid123.log',
    'node_modules/x/index.js',
    '.git/index',
    '.appdev/artifacts/orders.json',
    'web/.idea/workspace.xml',
  ])('ignores %s', (path) => {
    expect(ignored(path)).toBe(true);
  });

  it.each([
    'src/App.java',
    'src/main/resources/application-local.yml',
    'src/4913.java',
    'a#b.java',
    'src/target/T.java',
  ])('does not ignore %s', (path) => {
    expect(ignored(path)).toBe(false);
  });

  it('lets the patterns of appdev.yaml add and take back', () => {
    expect(ignored('src/A.gen.java')).toBe(true);
    expect(ignored('notes', true)).toBe(true);
    expect(ignored('notes/a.txt')).toBe(true);
    expect(ignored('src/notes/A.java')).toBe(false);
    expect(ignored('src/keep.log')).toBe(false);
  });

  it('is shorter in a build context: what is copied counts', () => {
    const context = projectRule('/p', ['*.secret'], true);
    expect(context('/p/data/app.log', false)).toBe(false);
    expect(context('/p/node_modules', true)).toBe(false);
    expect(context('/p/.git', true)).toBe(true);
    expect(context('/p/a.swp', false)).toBe(false);
    expect(context('/p/.a.swp', false)).toBe(true);
    expect(context('/p/a.secret', false)).toBe(true);
  });

  it('knows editors’ files outside of the project as well', () => {
    expect(rule('/lib/src/A.java~', false)).toBe(true);
    expect(rule('/lib/src/A.java', false)).toBe(false);
    expect(rule('/lib/node_modules', true)).toBe(true);
  });
});

describe('isOutputFolder', () => {
  it('is by the build file beside it; elsewhere it is a package', () => {
    expect(isOutputFolder('/p/target', new Set(['pom.xml', 'src', 'target']))).toBe(true);
    expect(isOutputFolder('/p/build', new Set(['build.gradle.kts', 'build']))).toBe(true);
    expect(isOutputFolder('/p/build', new Set(['settings.gradle', 'build']))).toBe(true);
    expect(isOutputFolder('/p/src/main/java/com/example/build', new Set(['App.java', 'build']))).toBe(false);
    expect(isOutputFolder('/p/src', new Set(['pom.xml', 'src']))).toBe(false);
  });
});

describe('isInSources', () => {
  it('looks for a folder of that name', () => {
    expect(isInSources('src')).toBe(true);
    expect(isInSources('app/src/main')).toBe(true);
    expect(isInSources('app/srcs')).toBe(false);
  });
});

describe('the git rule', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'appdev-ignore-'));
    mkdirSync(join(root, '.git', 'info'), { recursive: true });
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };

  it('follows nested files, the nearest with an opinion first, and .git/info/exclude', () => {
    write('.gitignore', '*.tmp\ntarget/\n/top.txt\n');
    write('app/.gitignore', '!keep.tmp\n');
    write('.git/info/exclude', 'private/\n');
    const { ignores } = createGitRule();
    expect(ignores(join(root, 'a.tmp'), false)).toBe(true);
    expect(ignores(join(root, 'app/a.tmp'), false)).toBe(true);
    expect(ignores(join(root, 'app/keep.tmp'), false)).toBe(false);
    expect(ignores(join(root, 'app/target'), true)).toBe(true);
    expect(ignores(join(root, 'app/target/classes/A.class'), false)).toBe(true);
    expect(ignores(join(root, 'app/top.txt'), false)).toBe(false);
    expect(ignores(join(root, 'top.txt'), false)).toBe(true);
    expect(ignores(join(root, 'private/x'), false)).toBe(true);
  });

  it('cannot bring back what lies in an ignored folder', () => {
    write('.gitignore', 'out/\n');
    write('out/.gitignore', '!x\n');
    expect(createGitRule().ignores(join(root, 'out/x'), false)).toBe(true);
  });

  it('sees a changed ignore file after a refresh', () => {
    const rule = createGitRule();
    expect(rule.ignores(join(root, 'x'), false)).toBe(false);
    write('.gitignore', 'x\n');
    rule.refresh();
    expect(rule.ignores(join(root, 'x'), false)).toBe(true);
  });

  it('ignores nothing outside of a repository', () => {
    write('.gitignore', 'x\n');
    rmSync(join(root, '.git'), { recursive: true });
    expect(createGitRule().ignores(join(root, 'x'), false)).toBe(false);
  });
});
