import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeService } from '../../../test/support/fake-loop-parts.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import type { JarBuilder, JarInputs } from '../types.ts';
import { tellOutside } from './outside.ts';

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-outside-'));
  for (const folder of ['app/src', 'config', 'common/src', 'other/src', 'third/src', '.mvn']) {
    mkdirSync(join(top, folder), { recursive: true });
  }
  writeFileSync(join(top, 'pom.xml'), '');
});
afterEach(() => {
  rmSync(top, { recursive: true, force: true });
});

/** What is told when a build with these answers is asked for its inputs, once for each answer. */
async function told(...answers: readonly (readonly string[] | 'fails')[]): Promise<string[]> {
  const left = answers.map((paths): Outcome<JarInputs> =>
    paths === 'fails'
      ? failed('SOURCE_BUILD_FAILED', 'no')
      : ok({ paths: paths.map((path) => join(top, path)), sources: [], outputs: [] }),
  );
  const builder = { inputsOf: () => Promise.resolve(left.shift()) } as unknown as JarBuilder;
  const messages: string[] = [];
  const telling = tellOutside(builder, join(top, 'app'), (message) => messages.push(message));
  for (let n = answers.length; n > 0; n -= 1) await telling.inputsOf(fakeService('orders'));
  return messages;
}

it('is said of folders outside the project, each once', async () => {
  expect(
    await told(['app/src', '../config', 'config'], ['config'], 'fails', ['config', 'common/src']),
  ).toEqual([
    'orders is also built from ../config: changes there count too',
    'orders is also built from ../common/src: changes there count too',
  ]);
});

it('is not said of build files, settings, what is not there, and a folder around the project', async () => {
  expect(await told(['app/src', 'pom.xml', '.mvn', 'later', ''])).toEqual([]);
});

it('names three at most', async () => {
  expect(await told(['common/src', 'config', 'other/src', 'third/src'])).toEqual([
    'orders is also built from ../common/src, ../config, ../other/src and 1 more: changes there count too',
  ]);
});
