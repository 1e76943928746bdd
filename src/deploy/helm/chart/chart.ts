/**
 * A chart on disk: whether it exists, what it is called, and which charts it depends on. Only reads files; other modules
 * run helm.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { parse } from 'yaml';
import { nearest } from '../../../config/text/nearest.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { fieldAt, listAt, stringAt } from '../../../support/fields.ts';

/** A chart to pass to helm. */
export interface Chart {
  /** What to pass to helm: a folder, a packed chart, or `oci://…`. */
  readonly reference: string;
  /** Folder of an unpacked chart. */
  readonly folder?: string;
  /** Name in Chart.yaml. Every template path in helm's messages begins with it. */
  readonly name?: string;
  /** Text of Chart.yaml. Its version and dependencies are part of what is deployed. */
  readonly text?: string;
  /** Text of requirements.yaml, in which charts of Helm 2 (`apiVersion: v1`) name their dependencies. */
  readonly requirements?: string;
  /** The Kubernetes versions that it accepts, as a range; absent if any. */
  readonly kubeVersion?: string;
}

/**
 * Finds the chart of a service.
 *
 * @param reference absolute path, or a reference that helm resolves by itself
 * @returns CHART_MISSING if there is no chart, with the nearest one as a suggestion
 */
export async function findChart(reference: string, root: string): Promise<Outcome<Chart>> {
  if (!isAbsolute(reference)) return ok({ reference });
  const found = await kindOf(reference);
  if (found === 'file') return ok({ reference });
  if (found === 'folder') {
    const text = await textOf(join(reference, 'Chart.yaml'));
    if (text !== undefined) {
      const kubeVersion = stringAt(parsed(text), 'kubeVersion');
      const requirements = await textOf(join(reference, 'requirements.yaml'));
      return ok({
        ...{ reference, folder: reference, name: chartName(text), text },
        ...(requirements === undefined ? {} : { requirements }),
        ...(kubeVersion === undefined ? {} : { kubeVersion }),
      });
    }
  }
  const shown = relative(root, reference);
  const what = found === 'folder' ? `${shown} has no Chart.yaml` : `there is no chart at ${shown}`;
  const near = await nearestChart(reference, root);
  return failed('CHART_MISSING', what, {
    hint:
      near === undefined
        ? 'set `deploy.helm.chart` to the folder that holds Chart.yaml; `helm create` makes a new one'
        : `did you mean \`chart: ${near}\`?`,
  });
}

/** A chart that Chart.yaml depends on. */
export interface Dependency {
  readonly name: string;
  /** As Chart.yaml asks for it, such as `^1.2.0`; empty if it asks for any. */
  readonly version: string;
  /** Folder of the chart (`file://`); absent if it comes from elsewhere. */
  readonly source?: string;
}

/** The charts that a chart depends on, in order. */
export function dependenciesOf({ folder, text, requirements = '' }: Chart): readonly Dependency[] {
  if (folder === undefined || text === undefined) return [];
  const listed = [text, requirements].flatMap((one) => listAt(parsed(one), 'dependencies'));
  return listed.flatMap((dependency): Dependency[] => {
    const name = stringAt(dependency, 'name');
    if (name === undefined) return [];
    const repository = stringAt(dependency, 'repository') ?? '';
    const source = repository.startsWith('file://')
      ? { source: resolve(folder, repository.slice('file://'.length)) }
      : {};
    return [{ name, version: stringAt(dependency, 'version') ?? '', ...source }];
  });
}

async function nearestChart(wanted: string, root: string): Promise<string | undefined> {
  const charts = await chartsBelow(root, 4);
  const shown = charts.map((folder) => relative(root, folder) || '.');
  const byPath = nearest(relative(root, wanted), shown);
  if (byPath !== undefined) return byPath;
  const around = shown.filter((_, index) => dirname(charts[index] ?? '') === dirname(wanted));
  if (around.length === 1) return around[0];
  const byName = nearest(
    basename(wanted),
    shown.map((path) => basename(path)),
  );
  return shown.find((path) => basename(path) === byName) ?? (shown.length === 1 ? shown[0] : undefined);
}

async function chartsBelow(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some((entry) => entry.isFile() && entry.name === 'Chart.yaml')) return [folder];
  if (depth === 0) return [];
  const below = entries.filter(
    (entry) => entry.isDirectory() && !/^(\.|node_modules$|target$)/.test(entry.name),
  );
  return (await Promise.all(below.map((entry) => chartsBelow(join(folder, entry.name), depth - 1)))).flat();
}

function chartName(text: string): string {
  const name = fieldAt(parsed(text), 'name');
  return typeof name === 'string' ? name : '';
}

/** Chart.yaml as data. Undefined if it cannot be read: helm then says what is wrong with it. */
function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? 'folder' : 'file';
}

async function textOf(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
