import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chartInputs, overlayInputs } from './references.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-references-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});
const write = (files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
};
const names = (paths: readonly string[]): string[] => paths.map((path) => relative(root, path)).sort();

describe('overlayInputs', () => {
  it('follows resources, components, patches and generators, and nothing else', () => {
    write({
      'overlays/dev/kustomization.yaml': `
resources: [../../base, extra.yaml, https://example.com/remote.yaml]
components: [../../components/debug]
patches: [{path: replicas.yaml}, {patch: "- op: add"}]
configMapGenerator: [{name: c, files: [app.conf=conf/app.conf], envs: [.env]}]
images: [{name: orders, newTag: base}]
`,
      'overlays/dev/extra.yaml': '',
      'overlays/dev/replicas.yaml': '',
      'overlays/dev/conf/app.conf': '',
      'overlays/dev/.env': '',
      'overlays/dev/unrelated.yaml': '',
      'base/kustomization.yml': 'resources: [deployment.yaml]',
      'base/deployment.yaml': '',
      'base/notes.md': '',
      'components/debug/Kustomization': 'patches: [{path: p.yaml}]',
      'components/debug/p.yaml': '',
    });
    expect(names(overlayInputs(join(root, 'overlays/dev')))).toEqual([
      'base/deployment.yaml',
      'base/kustomization.yml',
      'components/debug/Kustomization',
      'components/debug/p.yaml',
      'overlays/dev/.env',
      'overlays/dev/conf/app.conf',
      'overlays/dev/extra.yaml',
      'overlays/dev/kustomization.yaml',
      'overlays/dev/replicas.yaml',
    ]);
  });

  it('ends for overlays that refer to each other', () => {
    write({ 'a/kustomization.yaml': 'resources: [../b]', 'b/kustomization.yaml': 'resources: [../a]' });
    expect(names(overlayInputs(join(root, 'a')))).toEqual(['a/kustomization.yaml', 'b/kustomization.yaml']);
  });

  it('waits for a kustomization that is not there yet, and survives a half-typed one', () => {
    write({ 'a/deployment.yaml': '', 'b/kustomization.yaml': 'resources: [' });
    expect(names(overlayInputs(join(root, 'a')))).toEqual(['a/deployment.yaml', 'a/kustomization.yaml']);
    expect(names(overlayInputs(join(root, 'b')))).toContain('b/kustomization.yaml');
    expect(names(overlayInputs(join(root, 'none')))).toEqual(['none/kustomization.yaml']);
  });
});

describe('chartInputs', () => {
  it('follows file:// dependencies', () => {
    write({
      'chart/Chart.yaml':
        'dependencies: [{name: lib, repository: "file://../lib"}, {name: r, repository: "https://example.com"}]',
      'lib/Chart.yaml': 'dependencies: [{name: deep, repository: "file://../deep"}]',
    });
    expect(names(chartInputs(join(root, 'chart')))).toEqual(['chart', 'deep', 'lib']);
    expect(names(chartInputs(join(root, 'none')))).toEqual(['none']);
  });
});
