/** What tests of rendering and deploying hand in: a service with one way of deploying, and a context that records. */
import { join } from 'node:path';
import type { StageReporter, WorkContext } from '../../src/build/types.ts';
import type { HelmConfig, KustomizeConfig, ManifestsConfig, ServiceConfig } from '../../src/config/model.ts';
import type { DeployTerms } from '../../src/deploy/types.ts';
import type { Artifact } from '../../src/core/events.ts';
import type { Outcome } from '../../src/core/outcome.ts';

/** A work context that keeps what was reported. */
export interface RecordedContext extends WorkContext {
  /** `stage outcome detail`, one a finished stage. */
  readonly stages: readonly string[];
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  readonly controller: AbortController;
}

/** The terms of `appdev deploy web`. */
export const deployTerms: DeployTerms = {
  deleteVolumes: false,
  allowVolumes: 'appdev deploy web --delete-volumes',
  lifetime: 'kept',
  maker: { command: 'deploy', user: 'ann@laptop' },
};

/** A context that nothing cancels unless the test does. */
export function recordedContext(): RecordedContext {
  const stages: string[] = [];
  const lines: string[] = [];
  const warnings: string[] = [];
  const controller = new AbortController();
  const report: StageReporter = {
    started: () => undefined,
    output: (_stage, _stream, line) => lines.push(line),
    finished: (stage, outcome, detail) => stages.push([stage, outcome, detail ?? ''].join(' ').trim()),
    warn: (message) => warnings.push(message),
  };
  return { signal: controller.signal, report, stages, lines, warnings, controller };
}

/** The value of a success; anything else fails the test with its error. */
export function valueOf<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'ok') return outcome.value;
  throw new Error(JSON.stringify(outcome, undefined, 2));
}

/** The image of that service, as it was pushed. */
export const pushedArtifact: Artifact = {
  service: 'web',
  repository: 'localhost:5001/appdev/java',
  pullRepository: 'registry:5000/appdev/java',
  tag: 'c0ffee',
  digest: `sha256:${'12'.repeat(32)}`,
  inputHash: 'c0ffee',
};

/** The reference that the cluster pulls it by. */
export const pushedReference = `registry:5000/appdev/java:c0ffee@${pushedArtifact.digest}`;

/** How a service is deployed; paths are relative to the project's folder, and Helm's default chart is `charts/web`. */
export type Way =
  | Partial<HelmConfig>
  | { readonly files: readonly string[] }
  | { readonly path: string; readonly loadRestrictor?: KustomizeConfig['loadRestrictor'] };

/** A service `web` without jar, whose image has the repository `appdev/java`. */
export function deployedService(folder: string, way: Way, limits: Limits = {}): ServiceConfig {
  const { deadlineMs = 60_000, restartsAllowed = 0 } = limits;
  return {
    name: 'web',
    path: folder,
    image: { repository: 'appdev/java', builder: 'buildah', source: { kind: 'layers', base: 'none' } },
    deploy: { ...deployConfig(folder, way), deadlineMs, restartsAllowed },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

function deployConfig(folder: string, way: Way): HelmConfig | KustomizeConfig | ManifestsConfig {
  if ('files' in way) return { kind: 'manifests', files: way.files.map((file) => join(folder, file)) };
  if ('path' in way) {
    const { loadRestrictor = 'LoadRestrictionsRootOnly' } = way;
    return { kind: 'kustomize', path: join(folder, way.path), loadRestrictor };
  }
  const { chart = 'charts/web', values = [], ...rest } = way;
  return {
    kind: 'helm',
    release: 'web',
    set: {},
    ...rest,
    chart: chart.includes('://') ? chart : join(folder, chart),
    values: values.map((file) => join(folder, file)),
  };
}
export interface Limits {
  readonly deadlineMs?: number;
  readonly restartsAllowed?: number;
}
