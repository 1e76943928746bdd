/** The values that a chart has before appdev adds any, to see from them where it has its image. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import type { HelmConfig, ImageValues } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import { isFields, type Fields } from '../../../support/fields.ts';
import type { Helm } from '../program/tool.ts';
import { placesShown, usualPlace } from './shapes.ts';

/**
 * The chart's own values with the service's values files laid over them. What cannot be read counts as empty: rendering
 * says what is wrong with it.
 */
export async function chartValues(
  { chart, values }: Pick<HelmConfig, 'chart' | 'values'>,
  { helm, root }: { readonly helm: Helm; readonly root: string },
  signal: AbortSignal,
): Promise<Outcome<Fields>> {
  const isFolder = isAbsolute(chart) && !/\.t(ar\.)?gz$/.test(chart);
  let own = '';
  if (isFolder) own = await textOf(join(chart, 'values.yaml'));
  else {
    const shown = await helm.run({ args: ['show', 'values', '--', chart], cwd: root }, signal);
    if (shown.kind !== 'ok') return shown;
    if (shown.value.exitCode === 0) own = shown.value.stdout;
  }
  const files = await Promise.all(values.map(textOf));
  return ok([own, ...files].map(fieldsIn).reduce(laidOver, {}));
}

/**
 * The places of the image to render with, one after the other until the image comes out: the configured one alone, or
 * the ones that the values show.
 */
export function placesToTry(
  { imageValues }: Pick<HelmConfig, 'imageValues'>,
  artifact: Artifact | undefined,
  values: Fields,
): readonly ImageValues[] {
  if (imageValues !== undefined) return [imageValues];
  return artifact === undefined ? [usualPlace] : placesShown(values);
}

async function textOf(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}

function fieldsIn(text: string): Fields {
  try {
    const value: unknown = parse(text, { version: '1.1', logLevel: 'silent' });
    return isFields(value) ? value : {};
  } catch {
    return {};
  }
}

/** As Helm lays values over others: maps are merged, everything else is replaced. */
function laidOver(below: Fields, above: Fields): Fields {
  const merged = Object.entries(above).map(([key, value]) => {
    const old = below[key];
    return [key, isFields(old) && isFields(value) ? laidOver(old, value) : value];
  });
  return { ...below, ...(Object.fromEntries(merged) as Fields) };
}
