/**
 * Answers what others may do while a run is in its stage. Each answer comes from the run's row in the table of
 * routes. Pure.
 */
import { hasStage, type StageSpec } from '../../core/routes.ts';
import { liveRun, type LoopState, type Run } from './state.ts';

/**
 * The stage that a run is in. Before it reaches one, it is the first of its route. Undefined if its route does not
 * have the stage.
 */
export function stageOf({ route, stage }: Run): StageSpec | undefined {
  return stage === undefined ? route.stages[0] : route.stages.find((spec) => spec.stage === stage);
}

/** Whether a run may be cancelled now. */
export function mayCancel(run: Run): boolean {
  return run.atGate || run.stage === undefined || stageOf(run)?.supersede !== 'finish';
}

/** Whether a run is in the part that its batch does together. Nothing of its own has started by then. */
export function inSharedBuild(run: Run): boolean {
  return stageOf(run)?.scope === 'batch';
}

/** Whether a run uses its reactor's folders. Until the image is made, it writes or reads the jar in them. */
export function usesReactor(run: Run): boolean {
  return stageOf(run)?.occupies.includes('build-folders') === true;
}

/**
 * Whether a run takes one of the machine's places. It does so even before its first stage, because it is about to
 * read the disk.
 */
export function isAtWork(run: Run): boolean {
  return run.stage === undefined || stageOf(run)?.occupies.includes('machine') === true;
}

/** Whether the run may have changed what is in the cluster. */
export function touchesCluster(run: Run): boolean {
  return run.stage !== undefined && stageOf(run)?.touches === 'cluster';
}

/** Whether a run makes an image, and does not have it yet. */
export function isMakingImage({ route, imageMade }: Run): boolean {
  return !imageMade && makesImage(route);
}

/** Whether a route builds an image. */
export function makesImage(route: Run['route']): boolean {
  return hasStage(route, 'image');
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
