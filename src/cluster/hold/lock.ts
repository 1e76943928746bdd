/**
 * Prevents two `dev` sessions on one namespace: a Lease named after the project, held and renewed by one of them.
 * Advisory: it keeps people from overwriting each other's work by accident, and cannot prevent it by force. It is
 * removed at the end.
 */
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import { hasAborted } from '../../support/abort.ts';
import { numberAt, stringAt } from '../../support/fields.ts';
import { systemClock } from '../../support/clock.ts';
import { describeHolder, mayHold, holderOfProcess, type Holder } from './holder.ts';
import type { Cluster, KubeObject, ObjectRef } from '../types.ts';
import { placeAnnotation } from '../../core/labels.ts';

/** A holder that could not renew for `durationSeconds` loses the lock to whoever asks for it. */
export interface LockTiming {
  readonly durationSeconds: number;
  readonly renewMs: number;
}

/** The times outside tests: three requests a minute. */
export const lockTiming: LockTiming = { durationSeconds: 60, renewMs: 20_000 };

/** What to lock. */
export interface LockRequest {
  readonly namespace: string;
  /** The project's name. Two projects may share a namespace; two sessions of one project must not. */
  readonly project: string;
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
 * renewed it in time, or if its process on this machine is gone. The signal ends the taking; the lock itself lasts
 * until release.
 */
export async function lockNamespace(
  cluster: Cluster,
  request: LockRequest,
  signal: AbortSignal,
  timing: LockTiming = lockTiming,
): Promise<Outcome<NamespaceLock>> {
  const holder = request.holder ?? (await holderOfProcess());
  const ref: ObjectRef = {
    apiVersion,
    kind: 'Lease',
    name: leaseName(request.project),
    namespace: request.namespace,
  };

  // Each pass lost a race against another session. The next pass names that session as the holder.
  for (;;) {
    const found = await cluster.get(ref, signal);
    if (found.kind !== 'ok') return found;
    const current = found.value;
    if (current !== undefined && !(await isFree(current, holder))) return locked(current, request);
    const wanted = lease(ref, holder, timing, current);
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
      const wanted = lease(ref, holder, timing, current);
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
export async function isFree(current: KubeObject, holder: Holder): Promise<boolean> {
  const identity = holderOf(current);
  if (identity === undefined || identity === '' || identity === holder.identity) return true;
  const renewed = Date.parse(stringAt(current, 'spec', 'renewTime') ?? '');
  const duration = numberAt(current, 'spec', 'leaseDurationSeconds') ?? 0;
  // Clocks of two machines differ. Then a session that is still running learns at its next renewal that it lost the
  // lock.
  if (Number.isNaN(renewed) || renewed + duration * 1000 < Date.now()) return true;
  return !(await mayHold({ identity, place: current.metadata.annotations?.[placeAnnotation] ?? '' }));
}

/**
 * Says which other session works on a project in a namespace, as a clause. Undefined if none does, or if that cannot be
 * seen: whoever asks is not kept from its work.
 */
export async function sessionAt(
  cluster: Pick<Cluster, 'get'>,
  place: Pick<LockRequest, 'namespace' | 'project'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { namespace, project } = place;
  const found = await cluster.get({ apiVersion, kind: 'Lease', name: leaseName(project), namespace }, signal);
  if (found.kind !== 'ok' || found.value === undefined) return undefined;
  const isOver = await isFree(found.value, await holderOfProcess());
  return isOver ? undefined : describeSession(found.value, place);
}

function locked(current: KubeObject, request: LockRequest): Outcome<never> {
  return failed('NAMESPACE_LOCKED', describeSession(current, request), {
    hint: lockedHint(request.namespace),
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
  return `end that session, or use another namespace: -n ${namespace}-2`;
}

function holderOf(current: KubeObject): string | undefined {
  return stringAt(current, 'spec', 'holderIdentity');
}

function lease(
  ref: ObjectRef,
  holder: Holder,
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
      annotations: { [placeAnnotation]: holder.place },
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
