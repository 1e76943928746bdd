/**
 * One service's way from prepared inputs into the cluster: image, render, apply, rollout, stopping at the first stage
 * that is not ok. Skips what is there already and says so. Knows no events and no other service.
 */
import type { Jar, WorkContext } from '../../build/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import type { OtherImage, Rendered } from '../../deploy/types.ts';
import type { Artifact } from '../../core/events.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { Scan } from '../../watch/types.ts';
import { imageMissing, isOutdated } from './images.ts';
import { inputsMoved, type Member, type Prepared, type Unfinished } from './prepare.ts';
import type { BuildParts } from './types.ts';

/** What is known of the manifests that this session applied: by service, what and where (`applicationOf`). */
export type AppliedHashes = Map<string, string>;

/**
 * Makes the image of a prepared service, unless it is there. The artifact is what the registry confirmed; `undefined` for
 * a service without an image. Ends `cancelled` for superseded inputs when the build context moved meanwhile.
 */
export async function buildImage(
  member: Member,
  prepared: Prepared | Unfinished,
  parts: BuildParts,
): Promise<Outcome<Artifact | undefined> | Unfinished> {
  if (prepared.kind === 'ready') return ok(prepared.artifact);
  if (prepared.kind !== 'unbuilt') return prepared;
  if (member.signal.aborted) return cancelled(member.signal);
  const { service } = member;
  const { fingerprint } = prepared.scan;
  const built = await parts.imageBuilder.build(
    { service, inputHash: fingerprint.build, ...(prepared.jar === undefined ? {} : { jar: prepared.jar }) },
    contextOf(member),
  );
  if (built.kind === 'cancelled') return built;
  // Layers are made from the jar alone, whose inputs were compared already.
  if (service.image?.source.kind !== 'layers') {
    const after = await parts.scanner.scan(service);
    const { changed } = parts.scanner.compare(prepared.scan, after);
    const moved = changed.filter((file) => file.buildInput && !file.gitIgnored).map(({ path }) => path);
    if (moved.length > 0) return inputsMoved({ moved });
  }
  if (built.kind === 'failed') return built;
  const artifact = withJar(built.value, prepared.jar);
  await parts.records.add(
    service.name,
    { inputHash: fingerprint.build, tests: fingerprint.tests, target: parts.target },
    artifact,
  );
  return ok(artifact);
}

/** Which jar is in it, for the hand-over between phases. */
function withJar(artifact: Artifact, jar: Jar | undefined): Artifact {
  return jar === undefined ? artifact : { ...artifact, jarSha256: jar.sha256 };
}

/** How a deploy talks to its owner. */
export interface DeployHooks {
  /** Awaited between render and apply; `false` when the run was cancelled there. */
  readonly gate: (rendered: Rendered) => Promise<boolean>;
  /** Images of the project's other services, as far as they are known now. */
  readonly others: () => readonly OtherImage[];
  /** Whether the gate waits until a service's image is known; where it does not, the run fails with IMAGE_MISSING. */
  readonly awaits: (service: string) => boolean;
  /** Which state of chart, overlay and manifests was rendered; see `Fingerprint.deploy`. */
  readonly rendered?: (deploy: string) => void;
}

/**
 * Renders, applies and waits until the new version serves. `scan` is the last look at the inputs before. Manifests that
 * this session has applied are not applied again, unless forced.
 */
export async function deploy(
  member: Member,
  artifact: Artifact | undefined,
  scan: Scan,
  parts: BuildParts,
  applied: AppliedHashes,
  hooks: DeployHooks,
): Promise<Outcome<void>> {
  const { service, signal, report } = member;
  const { name } = service;
  const context = contextOf(member);
  if (signal.aborted) return cancelled(signal);
  const rendered = await renderForGate(member, artifact, scan, parts, hooks);
  if (rendered.kind !== 'ok') return rendered;
  const application = applicationOf(service, rendered.value);
  if (!member.force && applied.get(name) === application) {
    report.finished('apply', 'skipped', 'unchanged');
  } else {
    // Until it has succeeded, nobody knows what the cluster has.
    applied.delete(name);
    const result = await parts.deployer.apply(service, rendered.value, context);
    if (result.kind !== 'ok') return result;
    applied.set(name, application);
  }
  return await parts.deployer.awaitReady(service, rendered.value, context);
}

/** Renders and waits at the gate; again, where another service's image came or changed meanwhile. */
async function renderForGate(
  member: Member,
  artifact: Artifact | undefined,
  scan: Scan,
  parts: BuildParts,
  hooks: DeployHooks,
): Promise<Outcome<Rendered>> {
  for (;;) {
    const rendered = await renderCurrent(member, artifact, scan, parts, hooks);
    if (rendered.kind !== 'ok') return rendered;
    const missing = rendered.value.lacks?.find((service) => !hooks.awaits(service));
    if (missing !== undefined) return { kind: 'failed', error: imageMissing(member.service.name, missing) };
    if (!(await hooks.gate(rendered.value))) return cancelled(member.signal);
    if (!isOutdated(rendered.value, hooks.others())) return rendered;
  }
}

/** Names one application: the same manifests in another namespace, or as another release, are yet to be applied. */
function applicationOf({ deploy }: ServiceConfig, { namespace, hash }: Rendered): string {
  return JSON.stringify([namespace, deploy.kind === 'helm' ? deploy.release : '', hash]);
}

/** More renders than this of files that keep changing are somebody's mistake, which the next look shows. */
const maxRenders = 3;

/** Renders what is on disk: again, if the files were changed while they were read. */
async function renderCurrent(
  member: Member,
  artifact: Artifact | undefined,
  scan: Scan,
  { deployer, scanner }: BuildParts,
  hooks: DeployHooks,
): Promise<Outcome<Rendered>> {
  let before = scan.fingerprint.deploy;
  for (let times = 1; ; times += 1) {
    const rendered = await deployer.render(member.service, artifact, contextOf(member), hooks.others());
    const after = (await scanner.scan(member.service)).fingerprint.deploy;
    if (after !== before && times < maxRenders && !member.signal.aborted) {
      before = after;
      continue;
    }
    hooks.rendered?.(before);
    return rendered;
  }
}

function contextOf({ signal, report }: Member): WorkContext {
  return { signal, report };
}
