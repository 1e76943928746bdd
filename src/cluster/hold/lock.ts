/**
 * Lets one process at a time write to a namespace: a Lease named after the project, held and renewed by that process.
 * `dev` holds it for its whole session, the other commands only while they write. Advisory: it keeps people from
 * overwriting each other's work by accident, and cannot prevent it by force. It is removed at the end.
 */
import { cancelled, failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { hasAborted } from '../../support/abort.ts';
import { numberAt, stringAt } from '../../support/fields.ts';
import { monotonicClock, systemClock } from '../../support/clock.ts';
import { describeHolder, mayHold, holderOfProcess, type Holder } from './holder.ts';
import type { Cluster, KubeObject, ObjectRef } from '../types.ts';
import { commandKey, placeAnnotation } from '../../core/labels.ts';

/** A holder that could not renew for `durationSeconds` loses the lock to whoever asks for it. */
export interface LockTiming {
  readonly durationSeconds: number;
  readonly renewMs: number;
  /** How long to wait for a command that is only writing, and how often to look meanwhile. */
  readonly waitMs: number;
  readonly lookMs: number;
}

/** The times outside tests: three requests a minute, and twice the time after which a dead writer loses the lock. */
export const lockTiming: LockTiming = { durationSeconds: 60, renewMs: 20_000, waitMs: 120_000, lookMs: 1000 };

/** What to lock. */
export interface LockRequest {
  readonly namespace: string;
  /** The project's name. Two projects may share a namespace; two sessions of one project must not. */
  readonly project: string;
  /** The command that takes the lock. Others do not wait for a `dev`, because it may last for days. */
  readonly command: string;
  /** Takes the lock from whoever has it. That session learns it at its next renewal. */
  readonly ignoreHolder?: boolean;
  /** Called once before it waits for a command that is only writing, with a clause that says whose. */
  readonly onWait?: (holder: string) => void;
  /** Called once if another session took over the lock, with that session's description. Work here should stop. */
  readonly onLost: (holder: string) => void;
  /** Default: this process. */
  readonly holder?: Holder;
}

/** A lock that this process holds. */
export interface NamespaceLock {
  /**
   * Checks at once whether the lock is still held. Call it before work that must not be done without the lock: between
   * two renewals, or while this machine slept, another session may have taken it over. In that case `onLost` is called
   * before this resolves.
   */
  check(signal: AbortSignal): Promise<void>;
  /**
   * Stops renewing and removes the Lease, unless someone else holds it by now. Never fails. `signal` limits its time.
   */
  release(signal: AbortSignal): Promise<void>;
}

const apiVersion = 'coordination.k8s.io/v1';

/**
 * Takes the lock, or fails with NAMESPACE_LOCKED and names the holder. A Lease is taken over if its holder has not
 * renewed it in time, or if its process on this machine is gone. A command that is only writing is waited for, up to
 * `waitMs`. The signal ends the taking; the lock itself lasts until release.
 */
export async function lockNamespace(
  cluster: Cluster,
  request: LockRequest,
  signal: AbortSignal,
  timing: LockTiming = lockTiming,
): Promise<Outcome<NamespaceLock>> {
  const holder = request.holder ?? holderOfProcess();
  const ref: ObjectRef = {
    apiVersion,
    kind: 'Lease',
    name: leaseName(request.project),
    namespace: request.namespace,
  };

  const waitUntil = monotonicClock.now() + timing.waitMs;
  let waits = false;
  // Each pass waited, or lost a race against another session. The next pass names that session as the holder.
  for (;;) {
    const found = await cluster.get(ref, signal);
    if (found.kind !== 'ok') return found;
    const current = found.value;
    const taken = current !== undefined && request.ignoreHolder !== true && !isFree(current, holder);
    if (taken) {
      if (isSession(current) || monotonicClock.now() >= waitUntil) return locked(current, request);
      if (!waits) request.onWait?.(describeSession(current, request));
      waits = true;
      await systemClock.sleep(timing.lookMs, signal);
      if (hasAborted(signal)) return cancelled(signal);
      continue;
    }
    const wanted = lease(ref, holder, request.command, timing, current);
    const written = await (current === undefined
      ? cluster.create(wanted, signal)
      : cluster.replace(wanted, signal));
    if (written.kind !== 'ok') return written;
    if (typeof written.value !== 'string') return ok(keep(cluster, ref, holder, request, timing));
  }
}

/** Renews until it is told to stop. */
function keep(
  cluster: Cluster,
  ref: ObjectRef,
  holder: Holder,
  request: LockRequest,
  timing: LockTiming,
): NamespaceLock {
  const stop = new AbortController();
  let lost = false;

  /** Reads the Lease. If someone else holds it by now, reports that. */
  async function look(signal: AbortSignal): Promise<Outcome<KubeObject | undefined>> {
    const found = await cluster.get(ref, signal);
    const other = found.kind === 'ok' && found.value !== undefined ? holderOf(found.value) : holder.identity;
    if (other !== holder.identity && !lost) {
      lost = true;
      stop.abort();
      request.onLost(describeHolder(other ?? 'someone else'));
    }
    return found;
  }

  async function renew(): Promise<void> {
    while (!hasAborted(stop.signal)) {
      await systemClock.sleep(timing.renewMs, stop.signal);
      if (hasAborted(stop.signal)) return;
      const found = await look(stop.signal);
      if (hasAborted(stop.signal)) return;
      // If the API server is away, nothing is decided: nobody else can take the lock in the meantime either.
      if (found.kind !== 'ok') continue;
      const current = found.value;
      const wanted = lease(ref, holder, request.command, timing, current);
      await (current === undefined
        ? cluster.create(wanted, stop.signal)
        : cluster.replace(wanted, stop.signal));
    }
  }

  const renewing = renew();
  return {
    async check(signal) {
      if (!lost) await look(signal);
    },
    async release(signal) {
      stop.abort();
      await renewing;
      const found = await cluster.get(ref, signal);
      if (found.kind !== 'ok' || found.value === undefined || holderOf(found.value) !== holder.identity)
        return;
      const { resourceVersion } = found.value.metadata;
      // Only in the state that was read: a Lease that changes hands between the two requests stays with its new holder.
      await cluster.remove(ref, resourceVersion === undefined ? {} : { resourceVersion }, signal);
    },
  };
}

/** True if nobody but `holder` has this Lease: it is its own, given up, expired, or held by a process that is gone. */
export function isFree(current: KubeObject, holder: Holder): boolean {
  const identity = holderOf(current);
  if (identity === undefined || identity === '' || identity === holder.identity) return true;
  const renewed = Date.parse(stringAt(current, 'spec', 'renewTime') ?? '');
  const duration = numberAt(current, 'spec', 'leaseDurationSeconds') ?? 0;
  // Clocks of two machines differ. Then a session that is still running learns at its next renewal that it lost the
  // lock.
  if (Number.isNaN(renewed) || renewed + duration * 1000 < Date.now()) return true;
  return !mayHold({ identity, place: current.metadata.annotations?.[placeAnnotation] ?? '' });
}

/**
 * Looks whether another session works on a project in a namespace, and takes nothing. The value is undefined if none
 * does, if a command is only writing there, or if that cannot be seen: whoever asks is not kept from its work.
 * Otherwise it is the failure NAMESPACE_LOCKED, with the holder.
 */
export async function sessionAt(
  cluster: Pick<Cluster, 'get'>,
  place: Pick<LockRequest, 'namespace' | 'project' | 'command'>,
  signal: AbortSignal,
): Promise<NotOk | undefined> {
  const { namespace, project } = place;
  const found = await cluster.get({ apiVersion, kind: 'Lease', name: leaseName(project), namespace }, signal);
  if (found.kind !== 'ok' || found.value === undefined || !isSession(found.value)) return undefined;
  return isFree(found.value, holderOfProcess()) ? undefined : locked(found.value, place);
}

/** True if a `dev` holds the Lease. Earlier versions, which did not say so, gave Leases to `dev` alone. */
function isSession(current: KubeObject): boolean {
  return (current.metadata.annotations?.[commandKey] ?? 'dev') === 'dev';
}

function locked(current: KubeObject, request: Pick<LockRequest, 'namespace' | 'project' | 'command'>): NotOk {
  return failed('NAMESPACE_LOCKED', describeSession(current, request), {
    hint:
      request.command === 'dev'
        ? lockedHint(request.namespace)
        : 'end that session first, or go on beside it: --ignore-lock',
  });
}

function describeSession(
  current: KubeObject,
  { namespace, project }: Pick<LockRequest, 'namespace' | 'project'>,
): string {
  const since = stringAt(current, 'spec', 'acquireTime')?.replace(/\.\d+Z$/, 'Z') ?? 'an unknown time';
  const who = describeHolder(holderOf(current) ?? 'someone else');
  return `${who} has been working on ${project} in namespace ${namespace} since ${since}`;
}

/** What to do about a namespace that another session has locked. */
export function lockedHint(namespace: string): string {
  return `end that session, or use another namespace: -n ${namespace}-2; to take this one over: --ignore-lock`;
}

function holderOf(current: KubeObject): string | undefined {
  return stringAt(current, 'spec', 'holderIdentity');
}

function lease(
  ref: ObjectRef,
  holder: Holder,
  command: string,
  timing: LockTiming,
  current: KubeObject | undefined,
): KubeObject {
  const now = microTime(new Date());
  const same = current !== undefined && holderOf(current) === holder.identity;
  const { resourceVersion } = current?.metadata ?? {};
  return {
    apiVersion,
    kind: 'Lease',
    metadata: {
      name: ref.name,
      ...(ref.namespace !== undefined && { namespace: ref.namespace }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      labels: { 'app.kubernetes.io/managed-by': 'appdev' },
      annotations: { [placeAnnotation]: holder.place, [commandKey]: command },
    },
    spec: {
      holderIdentity: holder.identity,
      leaseDurationSeconds: timing.durationSeconds,
      acquireTime: same ? (stringAt(current, 'spec', 'acquireTime') ?? now) : now,
      renewTime: now,
    },
  };
}

/** metav1.MicroTime: RFC 3339 with six digits. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

/** Name of a project's Lease: `appdev-PROJECT`, within the 63 characters and the alphabet of RFC 1123. */
export function leaseName(project: string): string {
  const safe = project.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return `appdev-${safe}`.slice(0, 63).replace(/(?<!-)-+$/, '');
}
