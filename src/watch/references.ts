/**
 * Which local files a chart or an overlay takes from elsewhere: a kustomization's resources, components, patches and
 * generators, and a chart's `file://` dependencies. Returns too many rather than too few: every text in a kustomization
 * that is an existing path counts. So there is no list of Kustomize's fields that would become outdated. Only reads.
 */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, visit, parseDocument, isScalar } from 'yaml';

const kustomizationNames = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];
/** A chain of bases is never this long, but a cycle would be. */
const maxFolders = 200;

/**
 * Files and folders that an overlay is made from, absolute: each kustomization on the way, and everything it refers to.
 */
export function overlayInputs(overlay: string): readonly string[] {
  const inputs = new Set<string>();
  const folders = [overlay];
  for (let index = 0; index < folders.length && index < maxFolders; index += 1) {
    const folder = folders[index] ?? overlay;
    const file = kustomizationNames.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (file === undefined) {
      // It does not exist yet, or the folder is not an overlay: then only its YAML could matter. The name is watched.
      inputs.add(join(folder, 'kustomization.yaml'));
      for (const path of yamlFiles(folder)) inputs.add(path);
      continue;
    }
    inputs.add(file);
    for (const path of referredTo(folder, file)) {
      if (!isFolder(path)) inputs.add(path);
      else if (kustomizationNames.some((name) => existsSync(join(path, name)))) {
        if (!folders.includes(path)) folders.push(path);
      } else inputs.add(path);
    }
  }
  return [...inputs];
}

/** Folders of the charts that a chart depends on by `file://`, directly or not, including itself; absolute. */
export function chartInputs(chart: string): readonly string[] {
  const charts = [chart];
  for (let index = 0; index < charts.length && index < maxFolders; index += 1) {
    const folder = charts[index] ?? chart;
    for (const path of fileDependencies(folder)) if (!charts.includes(path)) charts.push(path);
  }
  return charts;
}

function referredTo(folder: string, file: string): string[] {
  const found: string[] = [];
  try {
    visit(parseDocument(readFileSync(file, 'utf8')), {
      Scalar(_key, node) {
        if (!isScalar(node) || typeof node.value !== 'string' || node.value === '') return;
        if (node.value.includes('\n') || /^[a-z]+:\/\//.test(node.value)) return;
        // Generators name a file's key as `key=path`.
        for (const text of [node.value, node.value.slice(node.value.indexOf('=') + 1)]) {
          const path = resolve(folder, text);
          if (text !== '.' && path !== folder && existsSync(path)) found.push(path);
        }
      },
    });
  } catch {
    // Half-typed YAML. `render` reports it with its place, and the file itself is already an input.
  }
  const charts = join(folder, 'charts');
  if (existsSync(charts)) found.push(charts);
  return found;
}

function fileDependencies(chart: string): string[] {
  try {
    const meta: unknown = parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'));
    const list = (meta as { dependencies?: unknown } | null)?.dependencies;
    if (!Array.isArray(list)) return [];
    return list.flatMap((item: unknown) => {
      const repository = (item as { repository?: unknown } | null)?.repository;
      return typeof repository === 'string' && repository.startsWith('file://')
        ? [resolve(chart, repository.slice('file://'.length))]
        : [];
    });
  } catch {
    return [];
  }
}

function yamlFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
