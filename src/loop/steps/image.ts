/** The stages `image` and `push`: makes the image of a service and pushes it, unless it is there. */
import type { ImageBuilder, Jar } from '../../build/types.ts';
import type { Artifact } from '../../core/events.ts';
import { cancelled, ok } from '../../core/outcome.ts';
import type { InputScanner } from '../../watch/types.ts';
import type { Step } from '../work/execute.ts';
import { contextOf, inputsMoved, type Member, type RunState, type StepResult } from '../work/member.ts';
import type { Records } from '../work/types.ts';

/** What the step is made from. */
export interface ImageStepParts {
  readonly imageBuilder: ImageBuilder;
  readonly scanner: InputScanner;
  readonly records: Records;
  /** Where images go, as text: registry and repository prefix. */
  readonly target: string;
}

/**
 * Makes the step. It returns the image that the registry confirmed. It ends as superseded if the build context
 * changed meanwhile.
 */
export function imageStep(parts: ImageStepParts): Step {
  return {
    scope: 'service',
    stages: ['image', 'push'],
    async run(member, state) {
      if (member.service.image === undefined) return ok(state);
      if (state.made === undefined) return await build(member, state, parts);
      skip(member, state.made, state.origin);
      return ok(state);
    },
  };
}

function skip({ report }: Member, { digest }: Artifact, origin: RunState['origin']): void {
  const id = digest.slice(0, 19);
  if (origin === 'given') {
    report.finished('image', 'skipped', `given: ${id}`);
    return;
  }
  for (const stage of ['image', 'push'] as const) report.finished(stage, 'skipped', `unchanged, ${id}`);
}

async function build(member: Member, state: RunState, parts: ImageStepParts): Promise<StepResult> {
  const { service, signal } = member;
  const { scan, jar } = state;
  if (signal.aborted) return cancelled(signal);
  const { build: inputHash, tests } = scan.fingerprint;
  const built = await parts.imageBuilder.build(
    { service, inputHash, ...(jar === undefined ? {} : { jar }) },
    contextOf(member),
  );
  if (built.kind === 'cancelled') return built;
  // Layers are made from the jar alone, whose inputs the jar's stages have compared already.
  if (service.image?.source.kind !== 'layers') {
    const after = await parts.scanner.scan(service);
    const { changed } = parts.scanner.compare(scan, after);
    const moved = changed.filter((file) => file.buildInput && !file.gitIgnored).map(({ path }) => path);
    if (moved.length > 0) return inputsMoved({ moved });
  }
  if (built.kind === 'failed') return built;
  const made = withJar(built.value, jar);
  await parts.records.add(service.name, { inputHash, tests, target: parts.target }, made);
  return ok({ ...state, made, origin: 'built' });
}

/** Adds the hash of the jar that is in the image, so that later commands know it. */
function withJar(artifact: Artifact, jar: Jar | undefined): Artifact {
  return jar === undefined ? artifact : { ...artifact, jarSha256: jar.sha256 };
}
