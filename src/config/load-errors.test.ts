/** Whole messages for whole files: what a user sees for each kind of mistake, all mistakes of a file at once. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnosticLines } from '../core/diagnostic.ts';
import { loadProject } from './load.ts';
import { allKeys } from './docs/reference.ts';

/** Files that the cases may name. */
const files = [
  'deploy/chart/Chart.yaml',
  'deploy/values-dev.yaml',
  'deploy/overlay/kustomization.yaml',
  'Containerfile',
  'src/App.java',
];

/**
 * Each case is a file with mistakes (`.yaml`) beside the whole message it gets (`.txt`). The file name is the test's
 * name.
 */
const golden = join(import.meta.dirname, 'golden/load-errors');
const cases = readdirSync(golden)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => basename(file, '.yaml'));

describe('an appdev.yaml with mistakes', () => {
  let root = '';
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'appdev-config-'));
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  /** Loads the text with every profile that it may have. */
  async function load(text: string): ReturnType<typeof loadProject> {
    writeFileSync(join(root, 'appdev.yaml'), text);
    return await loadProject({
      cwd: root,
      profiles: [],
      autoActivation: true,
      variables: { CI: 'true' },
      personalFiles: false,
      kubeContext: undefined,
      command: 'dev',
    });
  }

  it.each(cases.map((name) => [name.replaceAll('-', ' '), name]))('%s', async (_, name = '') => {
    const outcome = await load(readFileSync(join(golden, `${name}.yaml`), 'utf8'));
    if (outcome.kind !== 'failed') throw new Error('the file was accepted');
    const { code, message, diagnostics = [] } = outcome.error;
    expect(code).toBe('CONFIG_INVALID');
    const text = [message, ...diagnostics.flatMap(diagnosticLines)].join('\n');
    await expect(`${text}\n`).toMatchFileSnapshot(join(golden, `${name}.txt`));
  });

  it('has a case for each expected text', () => {
    const texts = readdirSync(golden).filter((file) => file.endsWith('.txt'));
    expect(texts).toEqual(cases.map((name) => `${name}.txt`));
    expect(cases.length).toBeGreaterThan(0);
  });

  it('gets errors with places, whatever its contents', async () => {
    const keys = [...new Set(allKeys().flatMap((path) => path.split('.')))].map((key) =>
      key.replace(/<name>|\[\]/, ''),
    );
    const scalar = fc.constantFrom<unknown>(
      '',
      'x',
      '-x',
      '/services/a',
      '${X}',
      '${',
      'deploy',
      'A=',
      '[',
      'add',
      0,
      -1,
      1.5,
      true,
      null,
    );
    const { map } = fc.letrec<{ map: Record<string, unknown>; value: unknown }>((tie) => ({
      map: fc.dictionary(fc.constantFrom(...keys, '__proto__', 'a'), tie('value'), { maxKeys: 5 }),
      value: fc.oneof({ depthSize: 'medium' }, scalar, fc.array(tie('value'), { maxLength: 2 }), tie('map')),
    }));
    // Random maps below real keys, so that most of them get as far as profiles and checks.
    const service = fc.record(
      {
        path: scalar,
        jar: map,
        image: map,
        deploy: map,
        dev: map,
        needs: fc.array(scalar, { maxLength: 2 }),
      },
      { requiredKeys: [] },
    );
    const patch = fc.record(
      { op: scalar, path: scalar, from: scalar, value: scalar },
      { requiredKeys: ['path'] },
    );
    const profile = fc.record({
      name: fc.constantFrom('a', 'b'),
      activation: fc.constant([{ command: 'dev' }]),
      overlay: fc.oneof(map, fc.record({ services: fc.dictionary(fc.constantFrom('a', 'b'), service) })),
      patches: fc.array(patch, { maxLength: 2 }),
    });
    const file = fc.oneof(
      map,
      fc.record({
        apiVersion: fc.constant('appdev/v1'),
        services: fc.dictionary(fc.constantFrom('a', 'b', 'A'), service, { maxKeys: 3 }),
        profiles: fc.array(profile, { maxLength: 2 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(file, async (content) => {
        const outcome = await load(JSON.stringify(content, undefined, 1));
        if (outcome.kind !== 'failed') throw new Error('nothing here has a name');
        expect(outcome.error.code).toBe('CONFIG_INVALID');
        for (const { line, column, excerpt } of outcome.error.diagnostics ?? []) {
          expect([line, column, excerpt]).not.toContain(undefined);
        }
      }),
      { numRuns: 300 },
    );
  });
});
