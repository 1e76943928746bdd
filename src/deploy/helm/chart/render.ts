/**
 * Renders a service's chart by `helm template`, with the values that the release gets, and checks that the pushed image
 * reached a workload. Contacts no cluster: helm gets no kubeconfig here.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { WorkContext } from '../../../build/types.ts';
import type { HelmConfig, ServiceConfig } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';
import { failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import { findChart, staleDependencies, type Chart } from './chart.ts';
import { contentHash } from '../../objects/content.ts';
import { parseDocuments } from '../../objects/documents.ts';
import { complaintOf, explainRender } from './errors.ts';
import type { Helm } from '../program/tool.ts';
import { usedByChart } from './other-images.ts';
import { addedValues, textArgument, valuesArgument, type PathText } from './values.ts';
import { chartValues, placesToTry } from './chart-values.ts';
import { digestOutOfPlace, imageNotUsed, keyedPlaces, movingTag, taggedOnly } from './own-image.ts';
import type { OtherImage, Rendered } from '../../types.ts';

/** What a Helm render needs besides the service. */
export interface HelmRenderSettings {
  readonly helm: Helm;
  /** Folder to which paths in messages are relative. */
  readonly root: string;
  readonly namespace: string;
}

/**
 * The middle of a helm command line: the values, the release's name and the chart. It is the same for every subcommand.
 */
export interface ReleaseInput {
  readonly chart: Chart;
  readonly args: readonly string[];
  readonly stdin: string;
  /**
   * What makes up the release besides the rendered objects: stored values and the chart's version. Contains no paths.
   */
  readonly content: unknown;
  /** Removes the files that the arguments name. Call it when helm has ended. */
  readonly dispose: () => Promise<void>;
}

/** The images whose references a chart may receive. */
export interface HelmImages {
  readonly own: Artifact | undefined;
  readonly others: readonly OtherImage[];
}

/**
 * The values and the chart as arguments. Values files come first, then `set` and the images on standard input: the
 * service's own image, and those of other services that `otherImageValues` names.
 */
export async function releaseInput(
  config: HelmConfig,
  artifact: Artifact | undefined,
  others: readonly Artifact[],
  root: string,
): Promise<Outcome<ReleaseInput>> {
  const chart = await findChart(config.chart, root);
  if (chart.kind !== 'ok') return chart;
  const added = addedValues(config, artifact, others);
  if (added.kind !== 'ok') return added;
  const files = await Promise.all(
    config.values.map(async (file) => await readFile(file, 'utf8').catch(() => '')),
  );
  const texts = await textFiles(added.value.texts);
  const values = [...config.values.map(valuesArgument), '--values=-', ...added.value.args, ...texts.args];
  return ok({
    chart: chart.value,
    args: [...values, '--', config.release, chart.value.reference],
    stdin: added.value.stdin,
    content: [files, added.value, chart.value.text ?? chart.value.reference],
    dispose: texts.dispose,
  });
}

/** Writes the texts to files that only this user can read, and returns the arguments that name them. */
async function textFiles(texts: readonly PathText[]): Promise<Pick<ReleaseInput, 'args' | 'dispose'>> {
  if (texts.length === 0) return { args: [], dispose: () => Promise.resolve() };
  const folder = makeTempFolder('values');
  const args = await Promise.all(
    texts.map(async (one, index) => {
      const file = join(folder, String(index));
      await writeFile(file, one.text, { mode: 0o600, flag: 'wx' });
      return textArgument(one, file);
    }),
  );
  return { args, dispose: async () => await rm(folder, { recursive: true, force: true }) };
}

/**
 * Renders the chart of a service. Fails with CHART_MISSING, RENDER_FAILED, or IMAGE_NOT_USED if no workload uses the
 * image.
 */
export async function renderHelm(
  service: ServiceConfig,
  config: HelmConfig,
  images: HelmImages,
  settings: HelmRenderSettings,
  context: WorkContext,
): Promise<Outcome<Rendered>> {
  const { helm, root } = settings;
  const version = await helm.version(context);
  if (version.kind !== 'ok') return version;
  const artifacts = images.others.flatMap(({ artifact }) => (artifact === undefined ? [] : [artifact]));
  // Without an image of its own, nothing depends on the values of the chart.
  const values = images.own === undefined ? ok({}) : await chartValues(config, settings, context.signal);
  if (values.kind !== 'ok') return values;
  let first: NotOk | undefined;
  for (const imageValues of placesToTry(config, images.own, values.value)) {
    const placed = { ...config, imageValues };
    const input = await releaseInput(placed, images.own, artifacts, root);
    if (input.kind !== 'ok') return input;
    try {
      const about = { service, config: placed, values: values.value };
      const rendered = await renderInput(about, images, input.value, settings, context);
      if (rendered.kind !== 'failed') return rendered;
      first ??= rendered;
    } finally {
      await input.value.dispose();
    }
  }
  return first ?? failed('RENDER_FAILED', `chart ${config.chart} was not rendered`);
}

/** What is rendered: the service, its configuration with the place of the image, and the values of the chart. */
interface Rendering {
  readonly service: ServiceConfig;
  readonly config: HelmConfig;
  readonly values: unknown;
}

async function renderInput(
  { service, config, values }: Rendering,
  { own: artifact, others }: HelmImages,
  { chart, args, stdin, content }: ReleaseInput,
  settings: HelmRenderSettings,
  context: WorkContext,
): Promise<Outcome<Rendered>> {
  const { helm, root, namespace } = settings;
  const dependencies = await buildDependencies(service, chart, settings, context);
  if (dependencies.kind !== 'ok') return dependencies;

  const template = ['template', `--namespace=${namespace}`, '--include-crds', '--skip-tests'];
  const run = await helm.run({ args: [...template, ...args], cwd: root, stdin }, context.signal);
  if (run.kind !== 'ok') return run;
  if (run.value.exitCode !== 0) {
    // With --debug helm prints what it rendered even if it is not valid, and so shows the fault.
    const again = run.value.stderr.includes('YAML parse error')
      ? await helm.run({ args: [...template, '--debug', ...args], cwd: root, stdin }, context.signal)
      : run;
    const stdout = again.kind === 'ok' ? again.value.stdout : '';
    const places = keyedPlaces(config);
    const about = { service: service.name, chart, values: config.values, root, places };
    return { kind: 'failed', error: await explainRender(run.value.stderr, stdout, about) };
  }

  const { stdout } = run.value;
  const parsed = parseDocuments(stdout, { file: relative(root, chart.reference), origin: 'generated' });
  if (parsed.diagnostics.length > 0) {
    return failed(
      'RENDER_FAILED',
      `chart ${relative(root, chart.reference)} does not render to Kubernetes objects`,
      {
        diagnostics: parsed.diagnostics.map((one) => ({
          ...one,
          file: sourceOf(stdout, one.line ?? 1) ?? one.file ?? '',
        })),
      },
    );
  }
  const objects = parsed.objects.map(({ object }) => object);
  const kinds = service.deploy.imageKinds;
  const facts = { service: service.name, chart: relative(root, chart.reference), config, values, kinds };
  const unused = artifact === undefined ? undefined : imageNotUsed(objects, artifact, facts);
  if (unused !== undefined) return { kind: 'failed', error: unused };
  const uses = usedByChart(
    objects,
    service.name,
    { ...config, ...(kinds === undefined ? {} : { imageKinds: kinds }) },
    others,
    facts.chart,
  );
  if (uses.kind !== 'ok') return uses;
  const given = [artifact, ...others.map((other) => other.artifact)].filter((one) => one !== undefined);
  const lines = new Map(parsed.objects.map(({ object, line }) => [object, line]));
  const outOfPlace = digestOutOfPlace(objects, given, facts, (object) =>
    sourceOf(stdout, lines.get(object) ?? 1),
  );
  if (outOfPlace !== undefined) return { kind: 'failed', error: outOfPlace };
  const byTag = taggedOnly(service.name, config);
  const moving =
    artifact === undefined || !byTag.includes(service.name) ? undefined : movingTag(service, artifact);
  if (moving !== undefined) context.report.warn(moving);
  return ok({
    service: service.name,
    namespace,
    objects,
    yaml: stdout,
    hash: contentHash([objects, content]),
    ...uses.value,
    ...(byTag.length === 0 ? {} : { byTag }),
    ...(config.imageValues === undefined ? {} : { imageValues: config.imageValues }),
    ...(artifact === undefined ? {} : { artifact }),
  });
}

/** Charts whose dependencies are being built right now, by folder, because two services may share a chart. */
const building = new Map<string, Promise<unknown>>();

async function buildDependencies(
  service: ServiceConfig,
  chart: Chart,
  { helm, root }: HelmRenderSettings,
  context: WorkContext,
): Promise<Outcome<void>> {
  if (chart.folder === undefined) return ok(undefined);
  const { folder } = chart;
  while (building.has(folder)) await building.get(folder);
  const stale = await staleDependencies(chart);
  if (stale.length === 0) return ok(undefined);
  const work = helm.run({ args: ['dependency', 'build', '--', folder], cwd: root }, context.signal);
  building.set(folder, work);
  const run = await work.finally(() => building.delete(folder));
  if (run.kind !== 'ok') return run;
  if (run.value.exitCode === 0) return ok(undefined);
  const shown = relative(root, folder);
  const complaint = complaintOf(run.value.stderr);
  return failed(
    'RENDER_FAILED',
    `chart ${shown} of ${service.name} depends on ${stale.join(', ')}, which helm cannot fetch`,
    {
      evidence: complaint,
      hint: /out of sync|get a valid version/.test(complaint.join(' '))
        ? `helm dependency update ${shown}`
        : `helm dependency build ${shown}`,
    },
  );
}

/** The template that produced a line of helm's output. */
function sourceOf(stdout: string, line: number): string | undefined {
  const before = stdout.split('\n').slice(0, line);
  return before.findLast((text) => text.startsWith('# Source: '))?.slice('# Source: '.length);
}
