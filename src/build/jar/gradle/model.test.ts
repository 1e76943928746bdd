import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  findGradleRoot,
  findProject,
  gradleInputs,
  modelToJson,
  parseModel,
  taskOf,
  withRuntime,
  withUpstream,
  type GradleModel,
  type GradleProject,
} from './model.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-gradle-model-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function project(path: string, more: Partial<GradleProject> = {}): GradleProject {
  const folder = join(root, ...path.split(':'));
  return {
    path,
    folder,
    buildFile: join(folder, 'build.gradle'),
    output: join(folder, 'build'),
    tests: true,
    sources: [join(folder, 'src/main/java'), join(folder, 'build/generated')],
    classes: [join(folder, 'build/classes/java/main')],
    upstream: [],
    runtime: [],
    ...more,
  };
}

function model(projects: readonly GradleProject[]): GradleModel {
  return { gradle: '4.4.1', root, projects, included: [] };
}

const write = (...names: readonly string[]): void => {
  for (const name of names) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), '');
  }
};

describe('gradleInputs', () => {
  it('are sources and scripts of the project, of what it is built from, and of the projects above', () => {
    write(
      'settings.gradle',
      'gradle/libs.versions.toml',
      'buildSrc/src/main/java/Plugin.java',
      'gradlew',
      'libs/gradle.properties',
    );
    const app = project(':app', { upstream: [':libs:a'] });
    const all = model([
      project(':', { sources: [] }),
      app,
      project(':libs', { sources: [] }),
      project(':libs:a', { upstream: [':libs:b', ':app'] }),
      project(':libs:b', { sources: [join(root, 'libs/b/java')] }),
      project(':other'),
    ]);
    expect(gradleInputs(all, app).paths.map((path) => path.slice(root.length + 1))).toEqual([
      'app/build.gradle',
      'app/src/main',
      'app/src/test',
      'build.gradle',
      'buildSrc',
      'gradle',
      'gradle.properties',
      'gradlew',
      'libs/a/build.gradle',
      'libs/a/src/main',
      'libs/a/src/test',
      'libs/b/build.gradle',
      'libs/b/java',
      'libs/b/src/main',
      'libs/b/src/test',
      'libs/build.gradle',
      'libs/gradle.properties',
      'settings.gradle',
    ]);
  });

  it('tell sources, wherever they lie, from a folder around the project, and from what is written', () => {
    const roots = [join(root, 'config'), root, join(root, 'app/build/generated')];
    const app = project(':app', { sources: roots });
    const { paths, sources, outputs } = gradleInputs(model([app, project(':b')]), app);
    expect(sources).toEqual([join(root, 'app/src/main'), join(root, 'app/src/test'), join(root, 'config')]);
    expect(paths).toEqual([root, ...sources]);
    expect(outputs).toEqual([join(root, 'app/build'), join(root, 'b/build')]);
  });

  it('name the folders of included builds', () => {
    const app = project(':');
    expect(gradleInputs({ ...model([app]), included: ['/elsewhere/tools'] }, app).paths).toContain(
      '/elsewhere/tools',
    );
  });
});

describe('findProject', () => {
  it('by folder, by path, or the one of the folder itself', () => {
    const all = model([project(':'), project(':a'), project(':a:b')]);
    expect(findProject(all, root, undefined)?.path).toBe(':');
    expect(findProject(all, root, 'a/b')?.path).toBe(':a:b');
    expect(findProject(all, join(root, 'a'), 'b')?.path).toBe(':a:b');
    expect(findProject(all, join(root, 'a'), undefined)?.path).toBe(':a');
    expect(findProject(all, '/elsewhere', ':a:b')?.path).toBe(':a:b');
    expect(findProject(all, root, 'b')).toBeUndefined();
    expect(findProject(all, root, ':b')).toBeUndefined();
  });
});

describe('withUpstream', () => {
  it('follows every step, in circles too', () => {
    const all = model([
      project(':a', { upstream: [':b'] }),
      project(':b', { upstream: [':c', ':gone'] }),
      project(':c', { upstream: [':a'] }),
    ]);
    const [a] = all.projects;
    expect(a === undefined ? [] : withUpstream(all, a).map(({ path }) => path)).toEqual([':a', ':b', ':c']);
  });
});

describe('withRuntime', () => {
  it('follows the order of the class path, and leaves out what only tests need', () => {
    const all = model([
      project(':a', { upstream: [':b', ':c', ':t'], runtime: [':c', ':b'] }),
      project(':b', { runtime: [':d'] }),
      project(':c'),
      project(':d', { runtime: [':b'] }),
      project(':t'),
    ]);
    const [a] = all.projects;
    expect(a === undefined ? [] : withRuntime(all, a).map(({ path }) => path)).toEqual([
      ':a',
      ':c',
      ':b',
      ':d',
    ]);
  });
});

describe('findGradleRoot', () => {
  it('is the nearest folder with a settings file, else the folder itself', () => {
    write('settings.gradle.kts', 'stock/settings.gradle', 'app/api/build.gradle');
    expect(findGradleRoot(join(root, 'app/api'))).toBe(root);
    expect(findGradleRoot(join(root, 'stock'))).toBe(join(root, 'stock'));
    rmSync(join(root, 'settings.gradle.kts'));
    expect(findGradleRoot(join(root, 'app'))).toBe(join(root, 'app'));
  });
});

describe('an answer', () => {
  it('is read back as it was written, and what is none is not taken for one', () => {
    const all = model([project(':', { jar: { task: 'bootJar', file: '/x.jar' } })]);
    expect(parseModel(JSON.parse(JSON.stringify(modelToJson(all))))).toEqual(all);
    expect(parseModel({ ...modelToJson(all), format: 1 })).toBeUndefined();
    expect(parseModel({ ...modelToJson(all), projects: [{ path: ':' }] })).toBeUndefined();
    expect(parseModel('text')).toBeUndefined();
  });
});

describe('taskOf', () => {
  it('is the full name', () => {
    expect([taskOf(project(':'), 'test'), taskOf(project(':a:b'), 'test')]).toEqual([':test', ':a:b:test']);
  });
});
