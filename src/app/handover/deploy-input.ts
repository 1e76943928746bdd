/**
 * What `deploy`, `verify` and `diff` start with: the images or the rendered manifests that the command line and
 * artifacts.json name. They are read before the cluster is contacted, and put in place after.
 */
import type { Rendered } from '../../deploy/types.ts';
import type { Artifact } from '../../core/events.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import { readArtifacts, requireArtifacts } from './artifacts.ts';
import { tellOfNewerBuilds } from './newer-builds.ts';
import type { OpenTarget } from '../compose/cluster.ts';
import { askedImages, resolveImages } from './given-images.ts';
import { openRendered, placeRendered, withRendered } from './rendered.ts';
import type { Session } from '../session.ts';
import type { Work } from '../compose/work.ts';

/** What was read from files and flags. */
export interface DeployInput {
  /** The same session, with the services that take part. */
  readonly session: Session;
  /**
   * Puts the images or manifests in place for this cluster.
   *
   * @param work where this session's images go and its access there, if that is opened
   */
  place(target: OpenTarget, work?: Pick<Work, 'images' | 'access'>): Promise<Outcome<PlacedInput>>;
}

/** What was put in place: the artifacts by service, and the target whose deployer uses them. */
export interface PlacedInput {
  readonly target: OpenTarget;
  readonly artifacts: ReadonlyMap<string, Artifact>;
}

/** Reads files and flags. Contacts nothing. Fails as reading artifacts.json, `--rendered` or the flags does. */
export async function readDeployInput(session: Session): Promise<Outcome<DeployInput>> {
  const rendered = await openRendered(session);
  if (rendered.kind !== 'ok') return rendered;
  const input = rendered.value;
  if (input !== undefined) {
    const artifacts = await readArtifacts(session, false);
    if (artifacts.kind !== 'ok') return artifacts;
    const narrowed = { ...session, services: input.services };
    return ok({
      session: narrowed,
      place(target) {
        const placed = placeRendered(input, narrowed, target, artifacts.value);
        if (placed.kind !== 'ok') return Promise.resolve(placed);
        const renderer = withRendered(target.deployer.renderer, placed.value);
        const deployer = { ...target.deployer, renderer };
        return Promise.resolve(ok({ target: { ...target, deployer }, artifacts: artifactsIn(placed.value) }));
      },
    });
  }
  const asked = askedImages(session);
  if (asked.kind !== 'ok') return asked;
  const artifacts = await requireArtifacts(session, new Set(asked.value.map(({ service }) => service)));
  if (artifacts.kind !== 'ok') return artifacts;
  const named = new Set(asked.value.map(({ service }) => service));
  await tellOfNewerBuilds(session, new Map([...artifacts.value].filter(([service]) => !named.has(service))));
  return ok({
    session,
    async place(target, work) {
      const given = await resolveImages(session, asked.value, work);
      if (given.kind !== 'ok') return given;
      return ok({ target, artifacts: new Map([...artifacts.value, ...given.value]) });
    },
  });
}

/** The artifacts that rendered manifests name: the services' own, and those of services that are not in the file. */
function artifactsIn(placed: ReadonlyMap<string, Rendered>): ReadonlyMap<string, Artifact> {
  const found = new Map<string, Artifact>();
  for (const { service, artifact, uses = [] } of placed.values()) {
    if (artifact !== undefined) found.set(service, artifact);
    for (const used of uses) if (!placed.has(used.service)) found.set(used.service, used);
  }
  return found;
}
