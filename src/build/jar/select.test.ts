import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JarConfig, ServiceConfig } from '../../config/model.ts';
import { ok } from '../../core/outcome.ts';
import { recordingContext } from '../../../test/support/recording-context.ts';
import { createJarBuilder, jarToolOf, undecided } from './select.ts';
import type { JarBuilder } from '../types.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'appdev-jar-builder-'));
});
afterEach(() => {
  rmSync(path, { recursive: true, force: true });
});

function service(tool: JarConfig['tool']): ServiceConfig {
  return {
    name: 'orders',
    path,
    jar: { tool, args: [], tests: 'auto' },
    deploy: { kind: 'manifests', files: [], deadlineMs: 1, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

const write = (...names: readonly string[]): void => {
  for (const name of names) writeFileSync(join(path, name), '');
};

/** Says who was asked. */
const named = (name: string): JarBuilder => ({
  reactorOf: () => Promise.resolve(ok('/top')),
  inputsOf: () => Promise.resolve(ok({ paths: [name], sources: [], outputs: [] })),
  compile: ({ services }) =>
    Promise.resolve(
      ok(new Map(services.map((each) => [each.name, { service: name, own: [], upstream: [] }]))),
    ),
  package: ({ services }) =>
    Promise.resolve(
      ok(
        new Map(
          services.map((each) => [each.name, { service: each.name, path: name, built: name, sha256: '' }]),
        ),
      ),
    ),
});

describe('jarToolOf', () => {
  it.each([
    [['pom.xml'], 'maven'],
    [['build.gradle'], 'gradle'],
    [['build.gradle.kts'], 'gradle'],
    [['settings.gradle'], 'gradle'],
    [['settings.gradle.kts'], 'gradle'],
    [['pom.xml', 'build.gradle'], 'maven'],
  ])('takes the one whose build file is there: %j', (names, tool) => {
    write(...names);
    expect(jarToolOf(service('auto'))).toEqual(ok(tool));
  });

  it('does as it is told', () => {
    write('pom.xml');
    expect(jarToolOf(service('gradle'))).toEqual(ok('gradle'));
  });

  it('says when there is none', () => {
    expect(jarToolOf(service('auto'))).toMatchObject({
      kind: 'failed',
      error: { code: 'CONFIG_INVALID', message: expect.stringContaining('neither a pom.xml nor') as unknown },
    });
  });
});

describe('undecided', () => {
  it('names what was taken if there are both, unless the user chose', () => {
    write('pom.xml', 'build.gradle');
    expect(undecided([service('auto'), service('maven')])).toEqual([
      'orders has build files of Maven and Gradle: appdev uses Maven',
    ]);
  });
});

describe('createJarBuilder', () => {
  it('hands a service to its tool, and tells builds of two tools in one folder apart', async () => {
    const builder = createJarBuilder({ maven: named('maven'), gradle: named('gradle') });
    expect(await builder.inputsOf(service('gradle'))).toMatchObject(ok({ paths: ['gradle'] }));
    const compiled = await builder.compile({ services: [service('gradle')] }, recordingContext());
    expect(compiled.kind === 'ok' && compiled.value.get('orders')?.service).toBe('gradle');
    const built = await builder.package({ services: [service('maven')], tests: false }, recordingContext());
    expect(built.kind === 'ok' && built.value.get('orders')?.path).toBe('maven');
    const reactors = await Promise.all(
      [service('maven'), service('gradle')].map((each) => builder.reactorOf(each)),
    );
    expect(reactors[0]).not.toEqual(reactors[1]);
  });

  it('reports a build that no tool can do as a failed stage', async () => {
    const builder = createJarBuilder({ maven: named('maven'), gradle: named('gradle') });
    const request = { services: [service('auto')], tests: false };
    for (const work of ['compile', 'package'] as const) {
      const context = recordingContext();
      expect((await builder[work](request, context)).kind).toBe('failed');
      expect(context.stages).toEqual(['started compile', 'finished compile failed']);
    }
  });
});
