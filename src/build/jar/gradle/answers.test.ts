import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GradleAnswers, type Asked } from './answers.ts';

let folder: string;
let asked: Asked;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-gradle-answers-'));
  mkdirSync(join(folder, 'root/buildSrc/build'), { recursive: true });
  for (const name of ['settings.gradle', 'build.gradle', 'buildSrc/Plugin.java', 'buildSrc/build/x.class']) {
    writeFileSync(join(folder, 'root', name), name);
  }
  asked = { root: join(folder, 'root'), toolchain: 'g', args: [] };
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const cache = (): string => join(folder, 'cache');
const userHome = (): string => join(folder, 'user-home');

/** What Gradle would write. */
function answer(): string {
  const root = asked.root;
  const project = {
    path: ':',
    folder: root,
    buildFile: join(root, 'build.gradle'),
    output: join(root, 'build'),
    jar: null,
    tests: true,
    sources: [],
    upstream: [],
  };
  return JSON.stringify({ format: 2, gradle: '4.4.1', root, projects: [project], included: [] });
}

async function collect(answers: GradleAnswers, startedMs: number): Promise<void> {
  const path = await answers.prepare(asked, 'build');
  writeFileSync(path, answer());
  expect(await answers.collect(asked, path, startedMs)).toBeDefined();
}

describe('GradleAnswers', () => {
  it('holds, across sessions, until a build file changes', async () => {
    await collect(new GradleAnswers(cache(), userHome()), Date.now() + 60_000);
    const later = new GradleAnswers(cache(), userHome());
    expect((await later.current(asked))?.model.gradle).toBe('4.4.1');
    for (const name of ['settings.gradle', 'build.gradle', 'buildSrc/Plugin.java', 'gradle.properties']) {
      const path = join(asked.root, name);
      writeFileSync(path, 'changed');
      expect(await later.current(asked), name).toBeUndefined();
      if (name === 'gradle.properties') rmSync(path);
      else writeFileSync(path, name);
      expect(await later.current(asked), name).toBeDefined();
    }
  });

  it("holds until the user's own settings of Gradle change", async () => {
    const answers = new GradleAnswers(cache(), userHome());
    await collect(answers, Date.now() + 60_000);
    mkdirSync(userHome());
    expect(await answers.current(asked)).toBeDefined();
    writeFileSync(join(userHome(), 'gradle.properties'), 'x=1');
    expect(await answers.current(asked)).toBeUndefined();
  });

  it('does not mind what buildSrc is built into, nor a file that is only touched', async () => {
    const answers = new GradleAnswers(cache(), userHome());
    await collect(answers, Date.now() + 60_000);
    writeFileSync(join(asked.root, 'buildSrc/build/x.class'), 'other');
    utimesSync(join(asked.root, 'build.gradle'), 1, 1);
    expect(await answers.current(asked)).toBeDefined();
  });

  it('belongs to the arguments and the Gradle that were asked', async () => {
    const answers = new GradleAnswers(cache(), userHome());
    await collect(answers, Date.now() + 60_000);
    expect(await answers.current({ ...asked, args: ['-Px'] })).toBeUndefined();
    expect(await answers.current({ ...asked, toolchain: 'h' })).toBeUndefined();
  });

  it('proves nothing about build files that changed while it was given', async () => {
    const answers = new GradleAnswers(cache(), userHome());
    await collect(answers, 0);
    expect(await answers.current(asked)).toBeUndefined();
    expect(await answers.last(asked)).toBeDefined();
    expect(await new GradleAnswers(cache(), userHome()).last(asked)).toBeUndefined();
  });

  it('is absent when the build wrote none', async () => {
    const answers = new GradleAnswers(cache(), userHome());
    expect(await answers.collect(asked, await answers.prepare(asked, 'build'), 0)).toBeUndefined();
  });
});
