/** The generated files say what the schema says, and the example shows every key. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadProject } from '../load.ts';
import { parseYaml, sourceFile } from '../text/parse.ts';
import { allKeys, artifactsSchemaText, configDocsText, jsonSchemaText } from './reference.ts';
import type { Tree } from '../text/tree.ts';

const top = resolve(import.meta.dirname, '../../..');
const example = readFileSync(join(top, 'appdev.yaml.example'), 'utf8');

describe('generated files', () => {
  it.each([
    ['schema.json', jsonSchemaText],
    ['docs/config.md', configDocsText],
    ['docs/artifacts.schema.json', artifactsSchemaText],
  ])('%s is up to date (else run this test with UPDATE_GENERATED=1)', (name, generate) => {
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(join(top, name), generate());
    expect(readFileSync(join(top, name), 'utf8')).toBe(generate());
  });
});

describe('schema.json', () => {
  const schema = JSON.parse(jsonSchemaText()) as {
    required: string[];
    properties: Record<string, { properties?: Record<string, unknown>; items?: Record<string, unknown> }>;
  };

  it('requires in the file what it does not require in an overlay', () => {
    expect(schema.required).toEqual(['apiVersion', 'name', 'services']);
    expect(schema.properties['profiles']?.items).not.toHaveProperty('properties.overlay.required');
  });

  it('allows null for a key in an overlay only', () => {
    const overlay =
      'properties.overlay.properties.services.additionalProperties.properties.jar.properties.tool';
    expect(schema.properties['profiles']?.items).toHaveProperty(`${overlay}.enum`, [
      'auto',
      'maven',
      'gradle',
      null,
    ]);
    expect(schema.properties['services']).toHaveProperty(
      'additionalProperties.properties.jar.properties.tool.enum',
      ['auto', 'maven', 'gradle'],
    );
  });

  it('describes every key', () => {
    const text = configDocsText();
    expect(text).not.toMatch(/^\| `.*\|\s*\|$/m);
    for (const key of allKeys()) expect(text).toContain(`| \`${key.split('.').at(-1) ?? ''}\` |`);
  });
});

describe('appdev.yaml.example', () => {
  let folder: string | undefined;
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = undefined;
  });

  it('names the schema for editors on its first line', () => {
    expect(example.split('\n')[0]).toBe('# yaml-language-server: $schema=./schema.json');
  });

  it.each([
    ['without a profile', []],
    ['with -p prod', ['prod']],
  ])('is valid %s', async (_, profiles) => {
    const root = mkdtempSync(join(tmpdir(), 'appdev-example-'));
    folder = root;
    const files = [
      'ci/ca.pem',
      'deploy/chart/Chart.yaml',
      'deploy/values-dev.yaml',
      'deploy/values-prod.yaml',
      'deploy/postgres/postgres.yaml',
      'deploy/reports.yaml',
      'reports/src/report.txt',
      'stock/Containerfile',
      'stock/deploy/overlays/dev/kustomization.yaml',
    ];
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    writeFileSync(join(root, 'appdev.yaml'), example);
    const outcome = await loadProject({
      cwd: root,
      profiles,
      autoActivation: true,
      variables: {},
      personalFiles: true,
      kubeContext: undefined,
      command: 'dev',
    });
    expect(outcome).toMatchObject({ kind: 'ok', value: { warnings: [], config: { profiles } } });
  });

  it('shows every key', () => {
    const { tree } = parseYaml(sourceFile('/appdev.yaml', 'appdev.yaml', example), example);
    const shown = new Set(tree === undefined ? [] : keysIn(tree, ''));
    expect(allKeys().filter((key) => !shown.has(key))).toEqual([]);
  });
});

/** Sections whose keys are names of services. */
const byService = ['services', 'services.<name>.deploy.helm.otherImageValues'];

/** The keys of a tree as `allKeys` writes them: names of services are `<name>`. */
function keysIn(tree: Tree, at: string): string[] {
  if (tree.kind === 'scalar') return [];
  if (tree.kind === 'list') return tree.items.flatMap((item) => keysIn(item, `${at}[]`));
  return [...tree.entries].flatMap(([key, { value }]) => {
    const path = at === '' ? key : `${at}.${byService.includes(at) ? '<name>' : key}`;
    return [path, ...keysIn(value, path)];
  });
}
