/**
 * Asks, before anything is applied, whether images that were not built just now may be deployed: the services' own, and
 * those of others that their manifests name.
 */
import type { Artifact } from '../../core/events.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { otherImages, type ImageOwner } from './images.ts';
import type { Member } from './prepare.ts';
import type { WorkParts } from './types.ts';

/** What judging takes. */
export interface JudgeRequest {
  /** The services that are about to be deployed, each with its image. */
  readonly jobs: readonly { readonly member: Member; readonly artifact?: Artifact }[];
  readonly parts: Pick<WorkParts, 'judge' | 'deployer'>;
  /** All services of the project. */
  readonly images: readonly ImageOwner[];
  /** Images by service, also of services that take no part. */
  readonly artifacts: ReadonlyMap<string, Artifact>;
  /** Services whose image was judged when it was built. */
  readonly judged: ReadonlySet<string>;
}

/** Judges. By service, why it may not be deployed; all others may. The stage reported is `scan`. */
export async function judgeImages(request: JudgeRequest): Promise<ReadonlyMap<string, NotOk>> {
  const { jobs, parts, judged } = request;
  const { judge } = parts;
  const refused = new Map<string, NotOk>();
  if (judge === undefined) return refused;
  await Promise.all(
    jobs.map(async ({ member, artifact }) => {
      const { name } = member.service;
      const own = artifact === undefined || judged.has(name) ? [] : [artifact];
      for (const image of [...own, ...(await borrowed(member, artifact, request))]) {
        const outcome = await judge(image, member);
        if (outcome.kind === 'ok') continue;
        refused.set(name, outcome);
        return;
      }
    }),
  );
  return refused;
}

/** Why a service is not deployed: for its own images, or because nothing is applied where one image may not be. */
export function refusal(service: string, refused: ReadonlyMap<string, NotOk>): Outcome<void> {
  const own = refused.get(service);
  if (own !== undefined) return own;
  for (const [culprit, end] of refused) {
    if (end.kind === 'cancelled') return end;
    const { code, exit } = end.error;
    return failed(code, `${service} was not deployed: ${culprit} may not be`, {
      hint: `see what ${culprit} says`,
      ...(exit === undefined ? {} : { exit }),
    });
  }
  return ok(undefined);
}

/** Images of services that take no part, as far as the manifests name them. Where they do not render, the deploy says why. */
async function borrowed(
  { service, signal }: Member,
  artifact: Artifact | undefined,
  { jobs, parts, images, artifacts }: JudgeRequest,
): Promise<readonly Artifact[]> {
  // The image of one that takes part is judged as its own.
  const taking = new Set(jobs.map(({ member }) => member.service.name));
  if ([...artifacts.keys()].every((name) => taking.has(name))) return [];
  const others = otherImages(images, service.name, artifacts);
  const rendered = await parts.deployer.render(service, artifact, { signal, report: silent }, others);
  if (rendered.kind !== 'ok') return [];
  return (rendered.value.uses ?? []).filter((used) => !taking.has(used.service));
}

const silent: Member['report'] = {
  started: () => undefined,
  output: () => undefined,
  finished: () => undefined,
  warn: () => undefined,
};
