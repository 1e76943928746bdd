import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanKustomization } from './kustomization.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-kustomization-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

async function remote(): Promise<string[]> {
  const { remote: found } = await scanKustomization(folder, folder);
  return found.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

const url = 'https://elsewhere.example/x.yaml';
const said = `${url} would be fetched from elsewhere`;

describe('a kustomization that would fetch a file', () => {
  it.each([
    ['a patch', `patches: [{path: "${url}"}]`],
    ['a strategic merge patch', `patchesStrategicMerge: ["${url}"]`],
    ['a JSON patch', `patchesJson6902: [{target: {kind: Service, name: web}, path: "${url}"}]`],
    ['a file of a generator', `configMapGenerator: [{name: web, files: ["${url}"]}]`],
    ['a file of a generator under a key', `configMapGenerator: [{name: web, files: ["x=${url}"]}]`],
    ['the variables of a generator', `configMapGenerator: [{name: web, envs: ["${url}"]}]`],
    ['the one variables file of a generator', `configMapGenerator: [{name: web, env: "${url}"}]`],
    ['a secret', `secretGenerator: [{name: web, files: ["${url}"]}]`],
    ['a replacement', `replacements: [{path: "${url}"}]`],
    ['a schema', `openapi: {path: "${url}"}`],
    ['a definition', `crds: ["${url}"]`],
    ['a configuration', `configurations: ["${url}"]`],
    ['a transformer', `transformers: ["${url}"]`],
    ['a key that is not known yet', `someday: {deep: ["${url}"]}`],
    ['an alias', `commonAnnotations: {docs: &docs "${url}"}\npatches: [{path: *docs}]`],
    ['the second of two keys', `patches: []\npatches: [{path: "${url}"}]`],
  ])('names %s', async (_name, text) => {
    write('kustomization.yaml', `${text}\n`);
    expect(await remote()).toEqual([`kustomization.yaml:${text.split('\n').length} ${said}`]);
  });

  it('reads the scheme as Kustomize does, and does not mistake a folder of that name for it', async () => {
    write('kustomization.yaml', 'resources: [HTTPS://elsewhere.example/x.yaml]\n');
    write('HTTPS:/elsewhere.example/x.yaml', 'kind: ConfigMap\n');
    expect(await remote()).toEqual([
      'kustomization.yaml:1 HTTPS://elsewhere.example/x.yaml would be fetched from elsewhere',
    ]);
  });

  it('looks into components, and into generators and transformers in files, folders and text', async () => {
    const plugin = (kind: string, fields: string): string =>
      `apiVersion: builtin\nkind: ${kind}\nmetadata: {name: x}\n${fields}\n`;
    const inline = plugin('PatchTransformer', `path: ${url}`).replaceAll(/^/gm, '    ');
    write(
      'kustomization.yaml',
      `components: [part]\ngenerators: [maps.yaml]\nvalidators: [more]\ntransformers:\n  - |\n${inline}\n`,
    );
    write('part/kustomization.yaml', `patches: [{path: "${url}"}]\n`);
    write('maps.yaml', plugin('ConfigMapGenerator', `files: ["${url}"]`));
    write('more/kustomization.yaml', 'resources: [one.yaml]\n');
    write('more/one.yaml', plugin('ReplacementTransformer', `replacements: [{path: "${url}"}]`));
    expect(await remote()).toEqual([
      `part/kustomization.yaml:1 ${said}`,
      `maps.yaml:4 ${said}`,
      `more/one.yaml:4 ${said}`,
      `kustomization.yaml:5 ${said}`,
    ]);
  });

  it('leaves addresses alone that are no paths', async () => {
    write(
      'kustomization.yaml',
      `commonAnnotations: {docs: "${url}"}
labels: [{pairs: {docs: "${url}"}}]
resources: [web.yaml]
transformers: [notes.yaml]
configMapGenerator: [{name: web, literals: ["url=${url}"], options: {annotations: {docs: "${url}"}}}]
patches: [{target: {kind: Service}, patch: "${url}"}, {patch: "- {op: add, path: /x, value: '${url}'}"}]
`,
    );
    write('web.yaml', `kind: ConfigMap\ndata: {url: "${url}"}\n`);
    write('notes.yaml', `kind: AnnotationsTransformer\nannotations: {docs: "${url}"}\n`);
    expect(await scanKustomization(folder, folder)).toMatchObject({ remote: [], faults: [], unreadable: [] });
  });

  it('is not taken for harmless if it cannot be read', async () => {
    write('kustomization.yaml', `resources: [a: b: c]\npatches: [{path: "${url}"}]\n`);
    const { unreadable } = await scanKustomization(folder, folder);
    expect(unreadable[0]).toMatchObject({ file: 'kustomization.yaml', line: 1 });
  });
});
