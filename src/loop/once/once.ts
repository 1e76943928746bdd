/** What the commands `build`, `run`, `deploy` and `verify` do with services. Each service takes one route, once. */
import type { ServiceConfig } from '../../config/model.ts';
import type { Scan } from '../../watch/types.ts';
import type { OpenRun } from '../work/execute.ts';
import { rolloutStep, verifyStep } from '../steps/observe.ts';
import { openGiven, openRun } from '../work/open-run.ts';
import { renderStep } from '../steps/render.ts';
import { runOnce, type Artifacts, type OnceBase, type OnceWork } from './run-once.ts';
import { createAdmission } from '../steps/scan.ts';
import { createSteps } from '../steps/list.ts';
import type { BuildParts } from '../work/types.ts';

/** What a one-shot command hands in. */
export interface OnceOptions extends OnceBase {
  readonly parts: BuildParts;
}

/** What `verify` hands in. */
export interface VerifyOptions extends OnceBase {
  readonly parts: Pick<BuildParts, 'renderer' | 'observer'>;
}

/**
 * Builds and pushes what is not there already. Every service gets an outcome. If one fails, the others still go on.
 */
export async function buildServices(options: OnceOptions): Promise<Artifacts> {
  return await runOnce(options, 'build', building(options, openRun(options.parts)));
}

/**
 * Builds all services and then deploys all. If one build fails, nothing is deployed, so half a change never goes out.
 */
export async function runServices(options: OnceOptions): Promise<Artifacts> {
  return await runOnce(options, 'image', building(options, openRun(options.parts)));
}

/**
 * Deploys the given images, each service when all that it needs is ready. If a need failed, the service is not
 * deployed and fails with the need's code.
 */
export async function deployServices(options: OnceOptions): Promise<Artifacts> {
  return await runOnce(options, 'render-only', building(options, openGiven(options.parts)));
}

/** Checks that the pods run the given images. It does not read how they are built. */
export async function verifyServices(options: VerifyOptions): Promise<Artifacts> {
  const parts = { ...options.parts, scanner: { scan: unscanned } };
  return await runOnce(options, 'verify', {
    open: openGiven(parts),
    steps: (hooks) => [
      renderStep(parts, createAdmission({}), hooks),
      rolloutStep({ observer: parts.observer }),
      verifyStep(parts),
    ],
    invocationOf: async ({ name }) => await Promise.resolve(name),
  });
}

function building({ parts }: OnceOptions, open: OpenRun): OnceWork {
  return {
    open,
    steps: (hooks) => createSteps(parts, createAdmission(parts), hooks),
    async invocationOf(service) {
      const reactor = service.jar === undefined ? undefined : await parts.jarBuilder.reactorOf(service);
      // If the reactor is unknown, the service is built alone. The build says what is wrong.
      if (reactor?.kind !== 'ok') return `service ${service.name}`;
      return `folder ${reactor.value}, ${parts.testsRun(service) ? 'with' : 'without'} tests`;
    },
  };
}

async function unscanned({ name }: ServiceConfig): Promise<Scan> {
  const fingerprint = { build: '', deploy: '', tests: '' };
  return await Promise.resolve({
    ...{ service: name, fingerprint, settlesInMs: 0 },
    ...{ files: new Map(), folders: new Map() },
  });
}
