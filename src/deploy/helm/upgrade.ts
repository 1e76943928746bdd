/**
 * Runs `helm upgrade --install` for a service: the marks that a release of appdev carries, and the flags. Decides
 * nothing: whether to upgrade, and what a failure means, is apply.ts's.
 */
import type { WorkContext } from '../../build/types.ts';
import type { Cluster } from '../../cluster/types.ts';
import type { HelmConfig, ServiceConfig } from '../../config/model.ts';
import type { Outcome } from '../../core/outcome.ts';
import { contentHash } from '../objects/content.ts';
import { pinned, type HelmRun } from './program/tool.ts';
import { keepReplicas, noPostRenderer } from './keep/replicas.ts';
import { releaseInput } from './chart/render.ts';
import { helmHolderLabel, lifetimeLabel, projectLabel, serviceLabel, shapeLabel } from '../../core/labels.ts';
import { holderVariable } from '../record/holder.ts';
import { isReferenceTo, mapImages } from '../objects/images.ts';
import type { Lifetime } from '../objects/lifetime.ts';
import { labelValue } from '../objects/ownership.ts';
import { contentDescription } from '../record/release.ts';
import type { ReleaseTools } from './repair.ts';
import type { DeployTerms, Rendered } from '../types.ts';

/** Revisions that helm keeps of a release. */
const historyMax = 10;

/** What a Helm deploy needs beside the session's tools. */
export interface HelmApplySettings extends ReleaseTools {
  readonly project: string;
  /** Take over a release, or objects, that somebody else made. */
  readonly adopt: boolean;
  readonly terms: DeployTerms;
  /** Take back fields that somebody else has changed of a release that is ours; else that is a refusal. */
  readonly forceConflicts: boolean;
}

export interface UpgradeRequest {
  readonly service: ServiceConfig;
  readonly config: HelmConfig;
  readonly rendered: Rendered;
  /** `shapeLabel` of the last revision. */
  readonly checked: string | undefined;
  readonly lifetime: Lifetime;
  /** The release is applied on the server, where Helm is 4. */
  readonly serverSide: boolean;
  /** Take fields from other managers. Helm asks for that only where it applies on the server; else it always does. */
  readonly force: boolean;
  /** Replicas that an autoscaler has made, by the workload's identity: they stay. */
  readonly replicas: ReadonlyMap<string, number>;
}

/** Runs the upgrade. A failure of helm's is an `ok` with its exit code. */
export async function upgradeRelease(
  { service, config, rendered, checked, lifetime, serverSide, force, replicas }: UpgradeRequest,
  { cluster, helm, holders, project, root, adopt }: HelmApplySettings,
  { signal, report }: WorkContext,
): Promise<Outcome<HelmRun>> {
  const version = await helm.version({ signal, report });
  if (version.kind !== 'ok') return version;
  const input = await releaseInput(config, rendered.artifact, rendered.uses ?? [], root);
  if (input.kind !== 'ok') return input;
  const mark = await holders.mark();
  const shape = shapeOf(rendered);
  const labels = [
    `${projectLabel}=${labelValue(project)}`,
    `${serviceLabel}=${labelValue(service.name)}`,
    `${helmHolderLabel}=${mark}`,
    `${shapeLabel}=${shape}`,
    `${lifetimeLabel}=${lifetime}`,
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
    `--description=${contentDescription(rendered.hash)}`,
    `--history-max=${historyMax}`,
    // Without it, helm keeps the last revision's values where the new ones are empty.
    '--reset-values',
    '--hide-notes',
    // For hooks; the rollout itself is watched by appdev, which says why where helm says "timed out".
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

/** Where helm is pinned to: the session's cluster, and the service's namespace. */
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

/** Hash over the rendered objects with the pushed images left out; half of it is enough for a label. */
function shapeOf({ objects, artifact, uses = [] }: Rendered): string {
  const pushed = artifact === undefined ? uses : [artifact, ...uses];
  const blank = (image: string): string => (pushed.some((one) => isReferenceTo(image, one)) ? '' : image);
  return contentHash(objects.map((object) => mapImages(object, blank))).slice(0, 32);
}
