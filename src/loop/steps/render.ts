/**
 * The stage `render`, and the wait at the gate after it. The run waits there for the services that have to be ready
 * first, and for the images of others that the manifests name.
 */
import type { OtherImage, Rendered, Renderer } from '../../deploy/types.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { InputScanner } from '../../watch/types.ts';
import type { Step } from '../work/execute.ts';
import { imageMissing, isOutdated } from '../work/images.ts';
import { contextOf, type Member, type RunState, type StepResult } from '../work/member.ts';
import { refused, type Admission } from './scan.ts';
import type { Running } from '../decide/state.ts';

/** What the step is made from. */
export interface RenderStepParts {
  readonly renderer: Renderer;
  readonly scanner: Pick<InputScanner, 'scan'>;
}

/** What the step tells its owner and asks of it. */
export interface RenderStepHooks {
  /** Images of the project's other services, as far as they are known now. */
  readonly others: (member: Member) => readonly OtherImage[];
  /** Whether the gate waits until a service's image is known. If it does not, the run fails with IMAGE_MISSING. */
  readonly awaits: (service: string) => boolean;
  /** Awaited between render and apply. Anything but ok ends the run. */
  readonly gate: (member: Member, rendered: Rendered) => Promise<Outcome<Running>>;
  /** Told which state of chart, overlay and manifests was rendered; see `Fingerprint.deploy`. */
  readonly rendered?: (member: Member, scan: RunState['scan'], deploy: string) => void;
}

/**
 * How often one run renders at most. If the files still change, someone made a mistake, and the next look shows it.
 */
const maxRenders = 3;

/** Makes the step. It renders again if another service's image came or changed while the run waited at the gate. */
export function renderStep(parts: RenderStepParts, admission: Admission, hooks: RenderStepHooks): Step {
  return {
    scope: 'service',
    stages: ['render'],
    async run(member, state): Promise<StepResult> {
      for (;;) {
        if (member.signal.aborted) return cancelled(member.signal);
        const rendered = await renderCurrent(member, state, parts, hooks);
        if (rendered.kind !== 'ok') return rendered;
        const missing = rendered.value.lacks?.find((service) => !hooks.awaits(service));
        if (missing !== undefined)
          return { kind: 'failed', error: imageMissing(member.service.name, missing) };
        for (const used of rendered.value.uses ?? []) {
          const admitted = await admission.borrowed(used, member);
          if (admitted.kind !== 'ok') return refused(admitted);
        }
        const passed = await hooks.gate(member, rendered.value);
        if (passed.kind !== 'ok') return passed;
        if (!isOutdated(rendered.value, hooks.others(member))) {
          return ok({ ...state, rendered: rendered.value, running: passed.value });
        }
      }
    },
  };
}

/** Renders what is on disk. Renders again if the files changed while they were read. */
async function renderCurrent(
  member: Member,
  { artifact, scan }: RunState,
  { renderer, scanner }: RenderStepParts,
  hooks: RenderStepHooks,
): Promise<Outcome<Rendered>> {
  let before = scan.fingerprint.deploy;
  for (let times = 1; ; times += 1) {
    const rendered = await renderer.render(member.service, artifact, contextOf(member), hooks.others(member));
    const after = (await scanner.scan(member.service)).fingerprint.deploy;
    if (after !== before && times < maxRenders && !member.signal.aborted) {
      before = after;
      continue;
    }
    hooks.rendered?.(member, scan, before);
    return rendered;
  }
}
