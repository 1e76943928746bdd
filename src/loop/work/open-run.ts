/** How a run begins: it looks at its inputs, and whether an image was made of them already. */
import type { ServiceConfig } from '../../config/model.ts';
import type { Artifact } from '../../core/events.ts';
import { cancelled, ok, type Outcome } from '../../core/outcome.ts';
import type { Fingerprint, InputScanner, Scan } from '../../watch/types.ts';
import type { OpenRun } from './execute.ts';
import { inputsMoved, type Member, type StepResult } from './member.ts';
import { makesImage } from '../decide/run-stage.ts';
import type { ManifestLookup, Records } from './types.ts';

/** What a run needs to look. */
export interface OpenParts {
  readonly scanner: InputScanner;
  readonly records: Records;
  readonly manifests: ManifestLookup;
  /** Where images go, as text: registry and repository prefix. */
  readonly target: string;
}

/**
 * Begins runs that build what is not there. If the registry has lost an image that a run was to deploy, the run goes
 * to the route that builds one.
 */
export function openRun(parts: OpenParts): OpenRun {
  return async (member) => {
    const { service, expected, signal, given } = member;
    const scan = member.seen ?? (await parts.scanner.scan(service));
    if (signal.aborted) return cancelled(signal);
    // Only what is built has to be what was planned. Manifests are read later, when they are rendered.
    if (expected !== undefined && !sameBuild(expected, scan.fingerprint)) return inputsMoved();
    if (service.image === undefined) return ok({ scan });
    if (given !== undefined) return ok({ scan, made: given, origin: 'given' });
    return await lookUp(member, scan, parts);
  };
}

/** Begins runs that deploy or verify what they are given, and build nothing. */
export function openGiven({ scanner }: { readonly scanner: Pick<InputScanner, 'scan'> }): OpenRun {
  return async ({ service, signal, given }) => {
    const scan = await scanner.scan(service);
    if (signal.aborted) return cancelled(signal);
    return ok({ scan, ...(given === undefined ? {} : { made: given, origin: 'given' as const }) });
  };
}

/** Whether jar and image would be made of the same inputs. */
export function sameBuild(a: Fingerprint, b: Fingerprint): boolean {
  return a.build === b.build && a.tests === b.tests;
}

async function lookUp(member: Member, scan: Scan, parts: OpenParts): Promise<StepResult> {
  const { service, signal, force, route } = member;
  const isNeeded = route.needs.includes('image');
  if (!force && (isNeeded || makesImage(route))) {
    const found = await findArtifact(service, scan, parts, signal);
    if (found.kind !== 'ok') return found;
    if (found.value !== undefined) return ok({ scan, made: found.value, origin: 'found' });
  }
  if (!isNeeded) return ok({ scan });
  return { kind: 'redirected', to: 'image', because: 'its image is gone from the registry' };
}

async function findArtifact(
  service: ServiceConfig,
  scan: Scan,
  parts: OpenParts,
  signal: AbortSignal,
): Promise<Outcome<Artifact | undefined>> {
  const recorded = await parts.records.find(service.name, {
    inputHash: scan.fingerprint.build,
    tests: scan.fingerprint.tests,
    target: parts.target,
  });
  if (recorded === undefined) return ok(undefined);
  const there = await parts.manifests.has(recorded, signal);
  if (there.kind === 'cancelled') return there;
  // If the registry does not answer, the push reports it, with all that it knows about the cause.
  return ok(there.kind === 'ok' && there.value ? recorded : undefined);
}
