/** All steps in one list: the code that does each stage of routes.ts. */
import { applyStep } from './apply.ts';
import type { Step } from '../work/execute.ts';
import { imageStep } from './image.ts';
import { jarStep, type JarStepHooks } from './jar.ts';
import { rolloutStep, verifyStep } from './observe.ts';
import { renderStep, type RenderStepHooks } from './render.ts';
import { scanStep, type Admission, type ScanStepHooks } from './scan.ts';
import type { BuildParts } from '../work/types.ts';

/** What runs tell the code that started them, and what they wait for. */
export type RunHooks = JarStepHooks & ScanStepHooks & RenderStepHooks;

/** Makes the steps of all routes. `hooks` connect them with the code that starts runs. */
export function createSteps(parts: BuildParts, admission: Admission, hooks: RunHooks): readonly Step[] {
  return [
    jarStep(parts, hooks),
    imageStep(parts),
    scanStep(parts, admission, hooks),
    renderStep(parts, admission, hooks),
    applyStep(parts),
    rolloutStep(parts),
    verifyStep(parts),
  ];
}
