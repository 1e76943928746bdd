/** What the stage that a run is in lets others do: each answer is a look into the run's row of the table. Pure. */
import type { StageSpec } from '../../core/routes.ts';
import { liveRun, type LoopState, type Run } from './state.ts';

/** The stage that a run is in; its first one until one was reached. A stage that its route does not have is unknown. */
export function stageOf({ route, stage }: Run): StageSpec | undefined {
  return stage === undefined ? route.stages[0] : route.stages.find((spec) => spec.stage === stage);
}

/** Whether a run may be cancelled where it is now. */
export function mayCancel(run: Run): boolean {
  return run.atGate || run.stage === undefined || stageOf(run)?.supersede !== 'finish';
}

/** Whether a run is in the part that its batch does together: nothing of its own has started. */
export function inSharedBuild(run: Run): boolean {
  return stageOf(run)?.scope === 'batch';
}

/** Whether a run uses its reactor's folders: until the image is made, the jar in them is being written or read. */
export function usesReactor(run: Run): boolean {
  return stageOf(run)?.occupies.includes('build-folders') === true;
}

/** Whether a run takes one of the machine's places. Before its first stage it does: it is about to read the disk. */
export function isAtWork(run: Run): boolean {
  return run.stage === undefined || stageOf(run)?.occupies.includes('machine') === true;
}

/** Whether what is in the cluster may be this run's. */
export function touchesCluster(run: Run): boolean {
  return run.stage !== undefined && stageOf(run)?.touches === 'cluster';
}

/** Whether a run is to make an image, and has not yet. */
export function isMakingImage({ route, imageMade }: Run): boolean {
  return !imageMade && makesImage(route);
}

/** Whether a route builds an image. */
export function makesImage({ stages }: Run['route']): boolean {
  return stages.some(({ stage }) => stage === 'image');
}

/** Number of batches that keep this machine busy. */
export function batchesAtWork(state: LoopState): number {
  const batches = new Set<number>();
  for (const service of state.services.values()) {
    const run = liveRun(service);
    if (run !== undefined && isAtWork(run)) batches.add(run.batch);
  }
  return batches.size;
}
