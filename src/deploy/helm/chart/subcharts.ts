/**
 * Whether the `charts` folder of a chart holds what Chart.yaml asks for. Helm itself looks at names only, so it renders
 * an old subchart without a word. Only reads files; deploy/helm/chart/render.ts runs helm.
 */
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { stringAt } from '../../../support/fields.ts';
import { dependenciesOf, type Chart, type Dependency } from './chart.ts';
import { digestOf, packedFiles } from './content.ts';
import { fits, isVersion } from './versions.ts';

/** What is wrong with the `charts` folder. */
export interface Subcharts {
  /** Names of charts that are missing, of the wrong version, or packed from another state of their source. */
  readonly stale: readonly string[];
  /**
   * What to say about unpacked charts of the wrong version. Someone put them there by hand, so they are used as they
   * are, as Helm does.
   */
  readonly warnings: readonly string[];
}

/** A chart in `charts`. */
interface Held {
  readonly file: string;
  /** As its name has it. */
  readonly version: string;
}

/** Looks at the `charts` folder of a chart. */
export async function lookAtSubcharts(chart: Chart): Promise<Subcharts> {
  const wanted = dependenciesOf(chart);
  const { folder } = chart;
  if (folder === undefined || wanted.length === 0) return { stale: [], warnings: [] };
  const charts = join(folder, 'charts');
  const entries: readonly string[] = await readdir(charts).catch(() => []);
  const stale = new Set<string>();
  const warnings: string[] = [];
  for (const name of new Set(wanted.map((one) => one.name))) {
    const asked = wanted.filter((one) => one.name === name);
    const packed = entries.flatMap((file) => packedAs(file, name));
    // Helm loads every archive in the folder, also one that nothing asks for.
    if (packed.some(({ version }) => !asked.some((one) => fits(version, one.version)))) stale.add(name);
    for (const dependency of asked) {
      const held = packed.find(({ version }) => fits(version, dependency.version));
      if (held !== undefined) {
        if (await differs(join(charts, held.file), dependency)) stale.add(name);
      } else if (packed.length === 0 && entries.includes(name)) {
        const version = await versionIn(join(charts, name));
        if (version !== undefined && !fits(version, dependency.version)) {
          warnings.push(
            `charts/${name} is version ${version}, but Chart.yaml asks for ${dependency.version}; it is used as it is`,
          );
        }
      } else {
        stale.add(name);
      }
    }
  }
  return { stale: [...stale], warnings };
}

/** The version in the name of an archive, as `helm package` writes it: `db-1.2.0.tgz`. */
export function packedAs(file: string, name: string): Held[] {
  if (!file.startsWith(`${name}-`) || !file.endsWith('.tgz')) return [];
  const version = file.slice(name.length + 1, -'.tgz'.length);
  return isVersion(version) ? [{ file, version }] : [];
}

/** True if an archive is older than its source, or if its files are not the source's. */
async function differs(archive: string, { source }: Dependency): Promise<boolean> {
  if (source === undefined) return false;
  const version = await versionIn(source);
  if (version !== undefined && !archive.endsWith(`-${version}.tgz`)) return true;
  if ((await newestIn(source)) > (await stat(archive)).mtimeMs) return true;
  const files = await packedFiles(archive).catch(() => new Map<string, string>());
  for (const [path, digest] of files) {
    const inside = path.slice(path.indexOf('/') + 1);
    // Helm writes Chart.yaml anew, and packs the charts that the source itself depends on.
    if (inside === 'Chart.yaml' || inside.startsWith('charts/')) continue;
    const content = await readFile(join(source, inside)).catch(() => undefined);
    if (content === undefined || digestOf(withoutMark(content)) !== digest) return true;
  }
  return false;
}

/** A file without its byte order mark, which Helm does not pack. */
function withoutMark(content: Buffer): Buffer {
  return content.subarray(0, 3).toString('hex') === 'efbbbf' ? content.subarray(3) : content;
}

/** The version in the Chart.yaml of a folder; undefined if it says none. */
async function versionIn(folder: string): Promise<string | undefined> {
  try {
    return stringAt(parse(await readFile(join(folder, 'Chart.yaml'), 'utf8')), 'version');
  } catch {
    return undefined;
  }
}

/**
 * Time of the newest file or folder below a folder, in milliseconds since the epoch; 0 if there is none. A folder is as
 * new as the last file that came or went.
 */
async function newestIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const times = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      const own = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
      return entry.isDirectory() ? Math.max(own, await newestIn(path)) : own;
    }),
  );
  return Math.max(0, ...times);
}
