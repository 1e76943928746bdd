/**
 * Runs `helm upgrade --install` for a service, with the labels of an appdev release and the flags. Decides nothing:
 * apply.ts decides whether to upgrade and what a failure means.
 */
import type { WorkContext } from '../../build/types.ts';
import { refOf, type Cluster } from '../../cluster/types.ts';
import type { HelmConfig, ServiceConfig } from '../../config/model.ts';
import type { Outcome } from '../../core/outcome.ts';
import { numberAt } from '../../support/fields.ts';
import { contentHash } from '../objects/content.ts';
import { pinned, type HelmRun } from './program/tool.ts';
import { keepReplicas, noPostRenderer } from './keep/replicas.ts';
import { releaseInput } from './chart/render.ts';
import { helmHolderLabel, projectLabel, serviceLabel, shapeLabel } from '../../core/labels.ts';
import { holderVariable } from '../record/holder.ts';
import { imagesNamed, isReferenceTo, mapImages } from '../objects/images.ts';
import { homed, identityOf } from '../objects/kinds.ts';
import { markLabels, type Lifetime } from '../objects/lifetime.ts';
import { labelValue } from '../objects/ownership.ts';
import { contentDescription } from '../record/release.ts';
import type { ReleaseTools } from './repair.ts';
import type { DeployTerms, Rendered } from '../types.ts';

/** How many revisions helm keeps of a release. */
const historyMax = 10;

/** What a Helm deploy needs besides the session's tools. */
export interface HelmApplySettings extends ReleaseTools {
  readonly project: string;
  /** Take over a release, or objects, that someone else made. */
  readonly adopt: boolean;
  readonly terms: DeployTerms;
  /** Take back fields of our own release that someone else has changed. Without it, such a change is a refusal. */
  readonly forceConflicts: boolean;
}

export interface UpgradeRequest {
  readonly service: ServiceConfig;
  readonly config: HelmConfig;
  readonly rendered: Rendered;
  /** `shapeLabel` of the last revision. */
  readonly checked: string | undefined;
  readonly lifetime: Lifetime;
  /** True if Helm 4 applies the release on the server. */
  readonly serverSide: boolean;
  /** Take fields from other managers. Helm needs this only if it applies on the server; otherwise it always does so. */
  readonly force: boolean;
  /** Replicas to keep because an autoscaler has set them, by the identity of the workload. */
  readonly replicas: ReadonlyMap<string, number>;
}

/** Runs the upgrade. If helm fails, the outcome is an `ok` with its exit code. */
export async function upgradeRelease(
  { service, config, rendered, checked, lifetime, serverSide, force, replicas }: UpgradeRequest,
  { cluster, helm, holders, project, root, adopt, terms }: HelmApplySettings,
  { signal, report }: WorkContext,
): Promise<Outcome<HelmRun>> {
  const version = await helm.version({ signal, report });
  if (version.kind !== 'ok') return version;
  const input = await releaseInput(
    { ...config, ...(rendered.imageValues === undefined ? {} : { imageValues: rendered.imageValues }) },
    rendered.artifact,
    rendered.uses ?? [],
    { helm, root },
    signal,
  );
  if (input.kind !== 'ok') return input;
  const mark = await holders.mark();
  const shape = shapeOf(rendered);
  const labels = [
    `${projectLabel}=${labelValue(project)}`,
    `${serviceLabel}=${labelValue(service.name)}`,
    `${helmHolderLabel}=${mark}`,
    `${shapeLabel}=${shape}`,
    ...Object.entries(markLabels(lifetime, terms.maker)).map(([key, value]) => `${key}=${value}`),
  ];
  const target = targetOf(cluster, rendered.namespace);
  const postRenderer =
    replicas.size === 0
      ? noPostRenderer
      : await keepReplicas(replicas, rendered.namespace, version.value.major);
  const takesOwnership = adopt && (version.value.major > 3 || version.value.minor >= 17);
  const args = [
    'upgrade',
    '--install',
    ...pinned(target),
    `--labels=${labels.join(',')}`,
    `--description=${contentDescription(rendered.hash, inChart(rendered, replicas))}`,
    `--history-max=${historyMax}`,
    // Without it, helm keeps the last revision's values if the new ones are empty.
    '--reset-values',
    '--hide-notes',
    // The timeout is for hooks. appdev watches the rollout itself and says why, where helm would only say "timed out".
    `--timeout=${Math.ceil(service.deploy.deadlineMs / 1000)}s`,
    ...(takesOwnership ? ['--take-ownership'] : []),
    ...(force && serverSide && version.value.major > 3 ? ['--force-conflicts'] : []),
    ...postRenderer.args,
    ...(checked === shape ? ['--disable-openapi-validation'] : []),
    ...input.value.args,
  ];
  try {
    return await helm.run(
      {
        args,
        cwd: root,
        kubeconfig: target.kubeconfig,
        stdin: input.value.stdin,
        env: { [holderVariable]: mark, ...postRenderer.env },
        onLine: (stream, line) => {
          if (stream === 'stderr') report.output('apply', stream, line);
        },
      },
      signal,
    );
  } finally {
    await Promise.all([input.value.dispose(), postRenderer.dispose()]);
  }
}

/** What the chart says about the replicas of these workloads. */
function inChart(
  { objects, namespace }: Rendered,
  kept: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const object of kept.size === 0 ? [] : homed(objects, namespace)) {
    const identity = identityOf(refOf(object));
    const count = numberAt(object, 'spec', 'replicas');
    if (count !== undefined && kept.has(identity)) counts.set(identity, count);
  }
  return counts;
}

/** What helm is pinned to: the session's cluster and the service's namespace. */
export function targetOf(
  cluster: Cluster,
  namespace: string,
): { readonly kubeconfig: string; readonly context: string; readonly namespace: string } {
  const { kubeconfig, context } = cluster.identity;
  return { kubeconfig, context, namespace };
}

/** The revision that helm reports, as a phrase. */
export function revisionIn(stdout: string): string {
  const revision = /^REVISION: (\d+)/m.exec(stdout)?.[1];
  return revision === undefined ? 'release upgraded' : `revision ${revision}`;
}

/** Hash over the rendered objects without the pushed images. Half of it is enough for a label. */
function shapeOf(rendered: Rendered): string {
  const { objects } = rendered;
  const pushed = imagesNamed(rendered);
  const blank = (image: string): string => (pushed.some((one) => isReferenceTo(image, one)) ? '' : image);
  return contentHash(objects.map((object) => mapImages(object, blank))).slice(0, 32);
}
