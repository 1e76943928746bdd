import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findMaven } from './tool.ts';

let top: string;
let module: string;
const { PATH: path } = process.env;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'appdev-maven-tool-'));
  module = join(top, 'services', 'orders');
  mkdirSync(module, { recursive: true });
});
afterEach(() => {
  process.env['PATH'] = path;
  rmSync(top, { recursive: true, force: true });
});

function program(file: string, mode = 0o755): string {
  writeFileSync(file, '#!/bin/sh\n');
  chmodSync(file, mode);
  return file;
}

describe('findMaven', () => {
  it('takes the wrapper nearest to the module, up to the top of the reactor', () => {
    const outer = program(join(top, 'mvnw'));
    expect(findMaven(module, top)).toMatchObject({ kind: 'ok', value: { tool: outer, args: [] } });
    const inner = program(join(module, 'mvnw'));
    expect(findMaven(module, top)).toMatchObject({ kind: 'ok', value: { tool: inner } });
  });

  it('does not look above the top', () => {
    program(join(top, 'mvnw'));
    process.env['PATH'] = '';
    expect(findMaven(module, module)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'TOOL_MISSING',
        message: expect.stringContaining(module) as unknown,
        hint: expect.stringContaining('wrapper:wrapper') as unknown,
      },
    });
  });

  it('starts a wrapper that lost its executable bit by sh', () => {
    const wrapper = program(join(top, 'mvnw'), 0o644);
    expect(findMaven(module, top)).toMatchObject({ kind: 'ok', value: { tool: 'sh', args: [wrapper] } });
  });

  it('tells Mavens apart by what their wrapper downloads', () => {
    program(join(top, 'mvnw'));
    const properties = join(top, '.mvn', 'wrapper', 'maven-wrapper.properties');
    mkdirSync(join(properties, '..'), { recursive: true });
    const identities = ['3.9.9', '3.9.11'].map((version) => {
      writeFileSync(
        properties,
        `distributionUrl=https://repository.example.com/apache-maven-${version}-bin.zip\n`,
      );
      const found = findMaven(module, top);
      return found.kind === 'ok' ? found.value.identity : '';
    });
    expect(new Set(identities).size).toBe(2);
  });

  it('takes mvn from PATH when there is no wrapper', () => {
    const folder = join(top, 'bin');
    mkdirSync(folder);
    const mvn = program(join(folder, 'mvn'));
    process.env['PATH'] = folder;
    expect(findMaven(module, top)).toMatchObject({ kind: 'ok', value: { tool: mvn, args: [] } });
  });
});
