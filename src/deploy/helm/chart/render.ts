/**
 * Renders a service's chart with the values that the release gets, and checks that the pushed image reached an object.
 * Without a cluster helm gets no kubeconfig. For a deploy, `OnCluster` says how to ask helm, so that the chart sees the
 * release and the cluster that it is rendered for.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { WorkContext } from '../../../build/types.ts';
import type { KubeObject } from '../../../cluster/types.ts';
import type { HelmConfig, ServiceConfig } from '../../../config/model.ts';
import type { Artifact } from '../../../core/events.ts';
import { failed, ok, type NotOk, type Outcome } from '../../../core/outcome.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import { dependenciesOf, findChart, type Chart } from './chart.ts';
import { contentHash } from '../../objects/content.ts';
import { parseDocuments } from '../../objects/documents.ts';
import { complaintOf, explainRender } from './errors.ts';
import { chartDigest } from './content.ts';
import type { Helm } from '../program/tool.ts';
import { usedByChart } from './other-images.ts';
import { completeChart, type CompleteChart } from './subchart-copy.ts';
import { lookAtSubcharts } from './subcharts.ts';
import { newestKubernetes } from './versions.ts';
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
  /** What the cluster contributes. Absent if none is to be contacted. */
  readonly onCluster?: OnCluster;
  /** True for a command that only looks: subcharts are not fetched, and nothing is written into the project. */
  readonly onlyLooks?: boolean;
}

/** One way to have helm render a release: everything before the values. */
export interface Attempt {
  readonly args: readonly string[];
  /** Absent if helm must reach no cluster. */
  readonly kubeconfig?: string;
  /** Makes a YAML stream from helm's output. Absent if the output is one. */
  readonly read?: (stdout: string) => string;
}

/** How to get the objects of a release. */
export type RenderPlan =
  /** The release was made from the same inputs. These are its objects, with its hooks. */
  | { readonly kind: 'recorded'; readonly objects: readonly KubeObject[] }
  /** The first attempt that succeeds counts. The error of the last one is the user's. */
  | {
      readonly kind: 'render';
      readonly attempts: readonly ((signal: AbortSignal) => Promise<Outcome<Attempt>>)[];
    };

/** What a cluster contributes to a render. deploy/helm/render-plan.ts implements it. */
export interface OnCluster {
  /** Version of the API server. A chart may ask for it, so it is one of the inputs. */
  version(signal: AbortSignal): Promise<Outcome<string>>;
  /** @param hash of the inputs */
  plan(place: ReleasePlace, hash: string, signal: AbortSignal): Promise<Outcome<RenderPlan>>;
}

/** Names a release. */
export interface ReleasePlace {
  readonly release: string;
  readonly namespace: string;
}

/**
 * The middle of a helm command line: the values, the release's name and the chart. It is the same for every subcommand.
 */
export interface ReleaseInput {
  readonly chart: Chart;
  readonly args: readonly string[];
  readonly stdin: string;
  /** Reads what the release is made from: the chart, the values files and the added values. Contains no paths. */
  readonly content: () => Promise<unknown>;
  /** Removes the files that the arguments name. Call it when helm has ended. */
  readonly dispose: () => Promise<void>;
  /** The same with a complete copy of the chart in its place. */
  readonly withCopy: (copy: CompleteChart) => ReleaseInput;
}

/** The images whose references a chart may receive. */
export interface HelmImages {
  readonly own: Artifact | undefined;
  readonly others: readonly OtherImage[];
}

/**
 * The values and the chart as arguments. A chart that helm fetches is fetched here, so that the one that was looked at
 * is the one that is used. Values files come first, then `set` and the images on standard input: the
 * service's own image, and those of other services that `otherImageValues` names.
 */
export async function releaseInput(
  config: HelmConfig,
  artifact: Artifact | undefined,
  others: readonly Artifact[],
  { helm, root }: Pick<HelmRenderSettings, 'helm' | 'root'>,
  signal: AbortSignal,
): Promise<Outcome<ReleaseInput>> {
  const found = await findChart(config.chart, root);
  if (found.kind !== 'ok') return found;
  const added = addedValues(config, artifact, others);
  if (added.kind !== 'ok') return added;
  const fetched = await fetchChart(found.value, helm, root, signal);
  if (fetched.kind !== 'ok') return fetched;
  const { chart, path } = fetched.value;
  const texts = await textFiles(added.value.texts);
  const values = [...config.values.map(valuesArgument), '--values=-', ...added.value.args, ...texts.args];
  const inputOf = (at: CompleteChart): ReleaseInput => ({
    chart,
    args: [...values, '--', config.release, at.path],
    stdin: added.value.stdin,
    content: async () => [
      // What cannot be read stops helm, which says why.
      await chartDigest(at.path).catch(() => ''),
      await Promise.all(config.values.map(async (file) => await readFile(file, 'utf8').catch(() => ''))),
      added.value,
    ],
    dispose: async () => {
      await Promise.all([texts.dispose(), fetched.value.dispose(), at.dispose()]);
    },
    withCopy: inputOf,
  });
  return ok(inputOf({ path, dispose: () => Promise.resolve() }));
}

interface FetchedChart {
  readonly chart: Chart;
  /** What to pass to helm. */
  readonly path: string;
  readonly dispose: () => Promise<void>;
}

/** Fetches a chart that is not on disk. */
async function fetchChart(
  chart: Chart,
  helm: Helm,
  root: string,
  signal: AbortSignal,
): Promise<Outcome<FetchedChart>> {
  const { reference } = chart;
  if (isAbsolute(reference)) return ok({ chart, path: reference, dispose: () => Promise.resolve() });
  const folder = makeTempFolder('chart');
  const dispose = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  const pulled = await helm.run(
    { args: ['pull', `--destination=${folder}`, '--', reference], cwd: root },
    signal,
  );
  const [archive] = await readdir(folder);
  if (pulled.kind === 'ok' && pulled.value.exitCode === 0 && archive !== undefined) {
    return ok({ chart, path: join(folder, archive), dispose });
  }
  await dispose();
  if (pulled.kind !== 'ok') return pulled;
  const complaint = complaintOf(pulled.value.stderr);
  return failed('RENDER_FAILED', `helm cannot fetch the chart ${reference}: ${complaint[0] ?? ''}`, {
    evidence: complaint.slice(1),
    hint: `helm pull ${reference}`,
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
 * Renders the chart of a service. The hash is over its inputs, because what a chart renders to need not be the same
 * twice: it may make up a password, look something up, or count its revisions. Fails with CHART_MISSING, RENDER_FAILED,
 * or IMAGE_NOT_USED if no object uses the image.
 */
export async function renderHelm(
  service: ServiceConfig,
  config: HelmConfig,
  images: HelmImages,
  settings: HelmRenderSettings,
  context: WorkContext,
): Promise<Outcome<Rendered>> {
  const { helm } = settings;
  const version = await helm.version(context);
  if (version.kind !== 'ok') return version;
  const artifacts = images.others.flatMap(({ artifact }) => (artifact === undefined ? [] : [artifact]));
  // Without an image of its own, nothing depends on the values of the chart.
  const values = images.own === undefined ? ok({}) : await chartValues(config, settings, context.signal);
  if (values.kind !== 'ok') return values;
  let first: NotOk | undefined;
  for (const imageValues of placesToTry(config, images.own, values.value)) {
    const placed = { ...config, imageValues };
    const made = await releaseInput(placed, images.own, artifacts, settings, context.signal);
    if (made.kind !== 'ok') return made;
    let input = made.value;
    try {
      const complete = await withDependencies(service, input, settings, context);
      if (complete.kind !== 'ok') return complete;
      input = complete.value;
      const about = { service, config: placed, values: values.value };
      const rendered = await renderInput(about, images, input, version.value.text, settings, context);
      if (rendered.kind !== 'failed') return rendered;
      first ??= rendered;
    } finally {
      await input.dispose();
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
  input: ReleaseInput,
  helmVersion: string,
  settings: HelmRenderSettings,
  { signal, report }: WorkContext,
): Promise<Outcome<Rendered>> {
  const { root, namespace, onCluster } = settings;
  const apiServer = onCluster === undefined ? ok('') : await onCluster.version(signal);
  if (apiServer.kind !== 'ok') return apiServer;
  const hash = contentHash([helmVersion, apiServer.value, await input.content()]);
  const place = { release: config.release, namespace };
  const plan =
    onCluster === undefined ? ok(offline(place, input.chart)) : await onCluster.plan(place, hash, signal);
  if (plan.kind !== 'ok') return plan;
  const isRecorded = plan.value.kind === 'recorded';
  const manifests =
    plan.value.kind === 'recorded'
      ? ok({ objects: plan.value.objects, yaml: '', sourceOf: () => undefined })
      : await renderManifests(service, config, input, plan.value.attempts, settings, signal);
  if (manifests.kind !== 'ok') return manifests;
  const { objects, yaml } = manifests.value;
  const kinds = service.deploy.imageKinds;
  const chart = relative(root, input.chart.reference);
  const facts = { service: service.name, chart, config, values, kinds };
  const unused = artifact === undefined ? undefined : imageNotUsed(objects, artifact, facts);
  if (unused !== undefined) return { kind: 'failed', error: unused };
  const uses = usedByChart(
    objects,
    service.name,
    { ...config, ...(kinds === undefined ? {} : { imageKinds: kinds }) },
    others,
    chart,
  );
  if (uses.kind !== 'ok') return uses;
  const given = [artifact, ...others.map((other) => other.artifact)].filter((one) => one !== undefined);
  const outOfPlace = digestOutOfPlace(objects, given, facts, manifests.value.sourceOf);
  if (outOfPlace !== undefined) return { kind: 'failed', error: outOfPlace };
  const byTag = taggedOnly(service.name, config);
  const moving =
    artifact === undefined || !byTag.includes(service.name) ? undefined : movingTag(service, artifact);
  if (moving !== undefined) report.warn(moving);
  return ok({
    ...{ service: service.name, namespace, objects, yaml, hash },
    ...uses.value,
    ...(byTag.length === 0 ? {} : { byTag }),
    ...(config.imageValues === undefined ? {} : { imageValues: config.imageValues }),
    ...(isRecorded ? { recorded: true } : {}),
    ...(artifact === undefined ? {} : { artifact }),
  });
}

/**
 * How to render without a cluster. Tests are left out, because no deploy runs them. Helm then assumes the Kubernetes
 * that it was made for. If the chart is too old for that one, the newest that it accepts is assumed.
 */
function offline({ namespace }: ReleasePlace, { kubeVersion = '' }: Chart): RenderPlan {
  const args = ['template', `--namespace=${namespace}`, '--include-crds', '--skip-tests'];
  const accepted = kubeVersion === '' ? undefined : newestKubernetes(kubeVersion);
  const ways = [args, ...(accepted === undefined ? [] : [[...args, `--kube-version=${accepted}`]])];
  return {
    kind: 'render',
    attempts: ways.map((way) => async () => await Promise.resolve(ok({ args: way }))),
  };
}

/** Objects, the text that they were read from, and the template that made each. */
interface Manifests extends Pick<Rendered, 'objects' | 'yaml'> {
  readonly sourceOf: (object: KubeObject) => string | undefined;
}

async function renderManifests(
  service: ServiceConfig,
  config: HelmConfig,
  { chart, args, stdin }: ReleaseInput,
  attempts: Extract<RenderPlan, { kind: 'render' }>['attempts'],
  { helm, root }: HelmRenderSettings,
  signal: AbortSignal,
): Promise<Outcome<Manifests>> {
  for (const [index, make] of attempts.entries()) {
    const attempt = await make(signal);
    if (attempt.kind !== 'ok') return attempt;
    const { kubeconfig, read = (stdout: string) => stdout } = attempt.value;
    const request = { cwd: root, stdin, ...(kubeconfig === undefined ? {} : { kubeconfig }) };
    const run = await helm.run({ ...request, args: [...attempt.value.args, ...args] }, signal);
    if (run.kind !== 'ok') return run;
    if (run.value.exitCode === 0) return parseManifests(read(run.value.stdout), chart, root);
    if (index < attempts.length - 1) continue;
    // With --debug helm prints what it rendered even if it is not valid, and so shows the fault.
    const again = run.value.stderr.includes('YAML parse error')
      ? await helm.run({ ...request, args: [...attempt.value.args, '--debug', ...args] }, signal)
      : run;
    const stdout = again.kind === 'ok' ? again.value.stdout : '';
    const places = keyedPlaces(config);
    const about = { service: service.name, chart, values: config.values, root, places };
    return { kind: 'failed', error: await explainRender(run.value.stderr, stdout, about) };
  }
  throw new Error('there is no way to render a chart');
}

function parseManifests(yaml: string, chart: Chart, root: string): Outcome<Manifests> {
  const shown = relative(root, chart.reference);
  const parsed = parseDocuments(yaml, { file: shown, origin: 'generated' });
  if (parsed.diagnostics.length === 0) {
    const lines = new Map(parsed.objects.map(({ object, line }) => [object, line]));
    return ok({
      objects: [...lines.keys()],
      yaml,
      sourceOf: (object) => sourceOf(yaml, lines.get(object) ?? 1),
    });
  }
  return failed('RENDER_FAILED', `chart ${shown} does not render to Kubernetes objects`, {
    diagnostics: parsed.diagnostics.map((one) => ({
      ...one,
      file: sourceOf(yaml, one.line ?? 1) ?? one.file ?? '',
    })),
  });
}

/** Charts whose dependencies are being built right now, by folder, because two services may share a chart. */
const building = new Map<string, Promise<unknown>>();

/** Sees to the charts that the chart depends on, in its folder or, for a command that only looks, in a copy. */
async function withDependencies(
  service: ServiceConfig,
  input: ReleaseInput,
  settings: HelmRenderSettings,
  context: WorkContext,
): Promise<Outcome<ReleaseInput>> {
  const { chart } = input;
  if (settings.onlyLooks !== true || chart.folder === undefined) {
    const built = await buildDependencies(service, chart, settings, context);
    return built.kind === 'ok' ? ok(input) : built;
  }
  const { helm, root } = settings;
  const { report, signal } = context;
  const warn = (message: string): void => report.warn(message);
  const complete = await completeChart(chart, chart.folder, service.name, { helm, root, warn }, signal);
  return complete.kind === 'ok' ? ok(input.withCopy(complete.value)) : complete;
}

/** Brings the `charts` folder up to date, after those of the local charts that the chart depends on. */
async function buildDependencies(
  service: ServiceConfig,
  chart: Chart,
  settings: HelmRenderSettings,
  context: WorkContext,
  above: readonly string[] = [],
): Promise<Outcome<void>> {
  const { folder } = chart;
  if (folder === undefined || above.includes(folder)) return ok(undefined);
  for (const { source } of dependenciesOf(chart)) {
    const inner = source === undefined ? undefined : await findChart(source, settings.root);
    // Helm says what is wrong with a source that is not a chart.
    if (inner?.kind !== 'ok') continue;
    const built = await buildDependencies(service, inner.value, settings, context, [...above, folder]);
    if (built.kind !== 'ok') return built;
  }
  return await buildOwn(service, chart, folder, settings, context);
}

async function buildOwn(
  service: ServiceConfig,
  chart: Chart,
  folder: string,
  { helm, root }: HelmRenderSettings,
  { signal, report }: WorkContext,
): Promise<Outcome<void>> {
  while (building.has(folder)) await building.get(folder);
  const { stale, warnings } = await lookAtSubcharts(chart);
  const shown = relative(root, folder);
  for (const warning of warnings) report.warn(`chart ${shown}: ${warning}`);
  if (stale.length === 0) return ok(undefined);
  const work = helm.run({ args: ['dependency', 'build', '--', folder], cwd: root }, signal);
  building.set(folder, work);
  const run = await work.finally(() => building.delete(folder));
  if (run.kind !== 'ok') return run;
  if (run.value.exitCode === 0) return ok(undefined);
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
