/**
 * Turns helm's errors into appdev's: the place in the user's template or values file, the cause in one line, and what
 * to type next. Matches the texts of Helm 3.13 to 4.3. Reads the files that helm points to, and nothing else.
 */
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { nearest } from '../../../config/text/nearest.ts';
import type { Diagnostic } from '../../../core/diagnostic.ts';
import { appdevError, type AppdevError } from '../../../core/errors.ts';
import type { Chart } from './chart.ts';
import { pathsOf, tagHoldsDigest, tagOnlyHint, type KeyedPlace } from './own-image.ts';

/** What was passed to helm. */
export interface HelmInput {
  readonly service: string;
  readonly chart: Chart;
  /** Absolute paths of the values files. */
  readonly values: readonly string[];
  /** Folder to which paths in messages are relative. */
  readonly root: string;
  /** Where appdev puts images into the values. */
  readonly places: readonly KeyedPlace[];
}

/**
 * The part of helm's output that says what went wrong: everything from the last `Error:`, without helm's own advice.
 */
export function complaintOf(stderr: string): string[] {
  const lines = stderr.split('\n').map((line) => line.trimEnd());
  const start = lines.findLastIndex((line) => line.startsWith('Error: '));
  const complaint = (start < 0 ? lines : lines.slice(start))
    .map((line) => line.replace(/^Error: /, ''))
    .filter((line) => line !== '' && !line.startsWith('Use --debug flag') && !line.startsWith('level='));
  return complaint.length === 0 ? ['helm failed without a message'] : complaint;
}

/** Explains a failed `helm template`. `stdout` is helm's output; it shows the rendered lines around a fault. */
export async function explainRender(stderr: string, stdout: string, input: HelmInput): Promise<AppdevError> {
  const complaint = complaintOf(stderr);
  const text = complaint.join(' ').replace(/\s+/g, ' ');
  const shown = relative(input.root, input.chart.reference);

  const values = /failed to parse (\S+): /.exec(text)?.[1];
  if (values !== undefined) return await explainValues(values, text, input);

  const absent = /^open (.+): no such file or directory$/.exec(text)?.[1];
  if (absent !== undefined && input.values.includes(absent)) {
    const near = nearest(basename(absent), await readdir(dirname(absent)).catch(() => []));
    return appdevError('RENDER_FAILED', `the values file ${relative(input.root, absent)} does not exist`, {
      hint: near === undefined ? 'fix `deploy.helm.values`' : `did you mean ${near}?`,
    });
  }

  if (text.startsWith("values don't meet the specifications of the schema")) {
    const ours = setByAppdev(complaint, input.places);
    if (ours !== undefined) {
      const { path, key, place } = ours;
      const message = `${path}, which appdev sets to name the image of ${input.service}, does not fit the schema of chart ${shown}`;
      return appdevError('RENDER_FAILED', message, {
        evidence: complaint.slice(1),
        hint:
          path === place.tag && tagHoldsDigest(place)
            ? `its value ends with a digest: ${tagOnlyHint(key, place)}`
            : `set \`${key}\` to the paths that ${shown}/values.schema.json has for the image`,
      });
    }
    return appdevError(
      'RENDER_FAILED',
      `the values of ${input.service} do not fit the schema of chart ${shown}`,
      {
        evidence: complaint.slice(1),
        hint: `check your values against ${shown}/values.schema.json`,
      },
    );
  }

  const message = `chart ${shown} of service ${input.service} does not render`;
  const rendered = /YAML parse error on (\S+): .*?(?:line (\d+): )?([^:]+)$/.exec(text);
  if (rendered?.[1] !== undefined) {
    const file = templatePath(rendered[1], input);
    const line = rendered[2] === undefined ? undefined : Number(rendered[2]);
    return appdevError('RENDER_FAILED', message, {
      diagnostics: [{ severity: 'error', message: `renders to invalid YAML: ${rendered[3] ?? text}`, file }],
      evidence: line === undefined ? [] : renderedLines(stdout, rendered[1], line),
      hint: `check the indentation in ${file}; \`nindent\` and \`toYaml\` are the usual causes`,
    });
  }

  const place = placeIn(text, input);
  if (place !== undefined) {
    return appdevError('RENDER_FAILED', message, { diagnostics: [await withExcerpt(place, input)] });
  }
  return appdevError('RENDER_FAILED', `${message}: ${complaint[0] ?? ''}`, {
    evidence: complaint.slice(1),
    hint: `appdev render ${input.service}`,
  });
}

/**
 * The path of an image that a schema refuses, and the place that it belongs to; undefined if the complaint is about
 * other values alone. Helm names a path as `at '/image/tag': …` (since 3.18) or `- image.tag: …`; a key that the schema
 * does not know is named together with the map around it.
 */
function setByAppdev(
  complaint: readonly string[],
  places: readonly KeyedPlace[],
): (KeyedPlace & { readonly path: string }) | undefined {
  for (const line of complaint) {
    const match = /^- (?:at '\/?([^']*)'|([^\s:]*)): (.*)$/.exec(line.trim());
    if (match === null) continue;
    const at = (match[1] ?? match[2] ?? '').replaceAll('/', '.').replace(/^\(root\)$/, '');
    const unknown = [
      ...(match[3] ?? '').matchAll(/[Aa]dditional propert(?:y|ies) (.{0,200}?)(?: is)? not allowed/g),
    ]
      .flatMap(([, names = '']) => names.split(','))
      .map((name) => name.trim().replace(/^'|'$/g, ''))
      .map((name) => (at === '' ? name : `${at}.${name}`));
    const refused = unknown.length === 0 ? [at] : unknown;
    for (const keyed of places) {
      const path = pathsOf(keyed.place).find(
        (one) => refused.includes(one) || unknown.some((up) => one.startsWith(`${up}.`)),
      );
      if (path !== undefined) return { ...keyed, path };
    }
  }
  return undefined;
}

/** Reads `template: web/templates/a.yaml:1:13: executing … at <…>: cause`, and the other forms that helm has for it. */
function placeIn(text: string, input: HelmInput): Diagnostic | undefined {
  const match = /(?<![\w.-]|[\w.-]\/)([\w.-]+(?:\/[\w.-]+)+):(\d+)(?::(\d+))?\)?:?\s*(.*)/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const rest = (match[4] ?? text).replace(/^executing "[^"]*" /, '').replace(/^at (<.*?>): /, '$1: ');
  return {
    severity: 'error',
    message: rest === '' ? text : rest,
    file: templatePath(match[1], input),
    line: Number(match[2]),
    // In templates, Helm counts columns from 0.
    ...(match[3] === undefined ? {} : { column: Number(match[3]) + 1 }),
  };
}

async function withExcerpt(place: Diagnostic, input: HelmInput): Promise<Diagnostic> {
  if (place.file === undefined || place.line === undefined) return place;
  const text = await readFile(join(input.root, place.file), 'utf8').catch(() => undefined);
  const excerpt = text?.split('\n')[place.line - 1];
  return excerpt === undefined ? place : { ...place, excerpt };
}

/** A template's path relative to the project's root. Helm writes it as `chart-name/templates/a.yaml`. */
function templatePath(path: string, { chart, root }: HelmInput): string {
  if (chart.folder === undefined || !path.startsWith(`${chart.name ?? ''}/`)) return path;
  return relative(root, join(chart.folder, path.slice((chart.name ?? '').length + 1)));
}

async function explainValues(file: string, text: string, input: HelmInput): Promise<AppdevError> {
  const shown = relative(input.root, file);
  const content = await readFile(file, 'utf8').catch(() => '');
  const counter = new LineCounter();
  const lines = content.split('\n');
  const diagnostics = parseDocument(content, {
    lineCounter: counter,
    prettyErrors: false,
    version: '1.1',
    // Helm takes a key that is there twice. It says so itself if it ever does not.
    uniqueKeys: false,
  }).errors.map((error): Diagnostic => {
    const { line, col } = counter.linePos(error.pos[0]);
    const excerpt = lines[line - 1] ?? '';
    return { severity: 'error', message: error.message, file: shown, line, column: col, excerpt };
  });
  const cause = text
    .replace(/^.*?failed to parse \S+: /, '')
    .replace(/^.*error converting YAML to JSON: /, '');
  const message = `the values file ${shown} is not valid YAML`;
  if (diagnostics.length > 0) return appdevError('RENDER_FAILED', message, { diagnostics });
  return appdevError('RENDER_FAILED', `${message}: ${cause}`, {
    hint: 'put quotes around a value that begins with { or [ or contains ": "',
  });
}

/** The rendered lines of one template around a line, numbered. Empty for a Secret. */
function renderedLines(stdout: string, template: string, line: number): string[] {
  const lines = stdout.split('\n');
  const start = lines.indexOf(`# Source: ${template}`) + 1;
  if (start === 0) return [];
  const end = lines.findIndex((text, index) => index > start && text.startsWith('# Source: '));
  const section = lines.slice(start, end < 0 ? undefined : end);
  if (section.some((text) => /^kind: *Secret\b/.test(text))) return [];
  const from = Math.max(0, line - 3);
  return section.slice(from, line + 1).map((text, index) => `${from + index + 1} | ${text}`);
}
