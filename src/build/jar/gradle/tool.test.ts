import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findGradle } from './tool.ts';

let root: string;
let project: string;
const { PATH: path } = process.env;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-gradle-tool-'));
  project = join(root, 'services', 'orders');
  mkdirSync(project, { recursive: true });
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(root, { recursive: true, force: true });
});

function program(file: string): string {
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, 0o755);
  return file;
}

describe('findGradle', () => {
  it('takes the wrapper of the build, though gradle is on PATH', () => {
    mkdirSync(join(root, 'bin'));
    const gradle = program(join(root, 'bin', 'gradle'));
    process.env['PATH'] = join(root, 'bin');
    expect(findGradle(project, root)).toMatchObject({ value: { tool: gradle } });
    const wrapper = program(join(root, 'gradlew'));
    expect(findGradle(project, root)).toMatchObject({ value: { tool: wrapper, args: [] } });
  });

  it('tells Gradles apart by what their wrapper downloads', () => {
    program(join(root, 'gradlew'));
    mkdirSync(join(root, 'gradle', 'wrapper'), { recursive: true });
    const identities = ['8.14', '9.0.0'].map((version) => {
      writeFileSync(
        join(root, 'gradle', 'wrapper', 'gradle-wrapper.properties'),
        `distributionUrl=https\\://example.com/gradle-${version}-bin.zip\n`,
      );
      const found = findGradle(project, root);
      return found.kind === 'ok' ? found.value.identity : '';
    });
    expect(new Set(identities).size).toBe(2);
  });

  it('says when there is neither', () => {
    process.env['PATH'] = '';
    expect(findGradle(project, root)).toMatchObject({
      error: { code: 'TOOL_MISSING', hint: expect.stringContaining('gradle wrapper') as unknown },
    });
  });
});
