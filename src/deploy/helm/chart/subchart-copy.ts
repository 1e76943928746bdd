/**
 * The charts that a chart depends on, for commands that only look. `helm dependency build` fetches from the network and
 * writes into the `charts` folder of the project. Here charts of the project are packed into a copy of the chart
 * instead, and what would have to be fetched is refused.
 */
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { parse } from 'yaml';
import { failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { stringAt } from '../../../support/fields.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import type { Helm } from '../program/tool.ts';
import { dependenciesOf, findChart, type Chart } from './chart.ts';
import { complaintOf } from './errors.ts';
import { lookAtSubcharts, packedAs } from './subcharts.ts';
import { fits } from './versions.ts';

/** A chart with everything that it depends on. */
export interface CompleteChart {
  /** What to pass to helm: the chart itself if its `charts` folder is up to date, else a copy. */
  readonly path: string;
  /** Removes the copies. */
  readonly dispose: () => Promise<void>;
}

/** What making copies needs. */
export interface CopySettings {
  readonly helm: Helm;
  /** Folder to which paths in messages are relative. */
  readonly root: string;
  /** Told what is odd about a chart that is used as it is. */
  readonly warn: (message: string) => void;
}

/**
 * Completes an unpacked chart, without fetching anything and without writing into its folder. Fails with RENDER_FAILED
 * and the command that fetches if a chart from elsewhere is missing.
 *
 * @param folder of the chart
 * @param service for messages
 */
export async function completeChart(
  chart: Chart,
  folder: string,
  service: string,
  { helm, root, warn }: CopySettings,
  signal: AbortSignal,
): Promise<Outcome<CompleteChart>> {
  const copies: string[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(copies.map(async (copy) => await rm(copy, { recursive: true, force: true })));
  };

  /** The path of a chart with all its subcharts. A chart that depends on itself is left to helm. */
  const complete = async (one: Chart, at: string, above: readonly string[]): Promise<Outcome<string>> => {
    if (above.includes(at)) return ok(at);
    const { stale, warnings } = await lookAtSubcharts(one);
    const shown = relative(root, at) || '.';
    for (const warning of warnings) warn(`chart ${shown}: ${warning}`);
    const needed = new Set(stale);
    const sources: { name: string; path: string; wanted: string; version: string }[] = [];
    for (const { name, version: wanted, source } of dependenciesOf(one)) {
      const inner = source === undefined ? undefined : await findChart(source, root);
      if (source === undefined || inner?.kind !== 'ok') continue;
      const path = await complete(inner.value, source, [...above, at]);
      if (path.kind !== 'ok') return path;
      if (path.value !== source && !(await isFolder(join(at, 'charts', name)))) needed.add(name);
      sources.push({ name, path: path.value, wanted, version: versionOf(inner.value) });
    }
    if (needed.size === 0) return ok(at);
    const elsewhere = [...needed].filter((name) => !sources.some((source) => source.name === name));
    if (elsewhere.length > 0) return notFetched(shown, service, elsewhere);
    const temporary = makeTempFolder('chart');
    copies.push(temporary);
    const copy = join(temporary, basename(at));
    const charts = join(copy, 'charts');
    await cp(at, copy, { recursive: true });
    await mkdir(charts, { recursive: true });
    for (const file of await readdir(charts)) {
      if ([...needed].some((name) => packedAs(file, name).length > 0)) await rm(join(charts, file));
    }
    for (const { name, path, wanted, version } of sources) {
      if (!needed.has(name)) continue;
      if (!fits(version, wanted)) {
        const message = `chart ${shown} of ${service} depends on ${name} ${wanted}, but ${name} beside it is version ${version}`;
        return failed('RENDER_FAILED', message, {
          hint: `correct the version of ${name} in ${shown}/Chart.yaml`,
        });
      }
      const request = { args: ['package', `--destination=${charts}`, '--', path], cwd: root };
      const packed = await helm.run(request, signal);
      if (packed.kind !== 'ok') return packed;
      if (packed.value.exitCode === 0) continue;
      const evidence = complaintOf(packed.value.stderr);
      const message = `chart ${shown} of ${service} depends on ${name}, which helm cannot pack`;
      return failed('RENDER_FAILED', message, { evidence, hint: `helm dependency build ${shown}` });
    }
    return ok(copy);
  };

  const path = await complete(chart, folder, []);
  if (path.kind === 'ok') return ok({ path: path.value, dispose });
  await dispose();
  return path;
}

function notFetched(shown: string, service: string, names: readonly string[]): NotOk {
  return failed(
    'RENDER_FAILED',
    `chart ${shown} of ${service} depends on ${names.join(', ')}, which its charts folder does not hold; a command that only looks does not fetch it`,
    { hint: `helm dependency build ${shown}` },
  );
}

function versionOf({ text = '' }: Chart): string {
  try {
    return stringAt(parse(text), 'version') ?? '';
  } catch {
    return '';
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
