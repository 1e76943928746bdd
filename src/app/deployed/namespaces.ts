/** Creates the namespaces of a command. For `dev` it also locks them and notices if another session takes a lock. */
import { lockedHint, lockNamespace, type NamespaceLock } from '../../cluster/hold/lock.ts';
import { ensureNamespace, removeNamespace } from '../../cluster/hold/namespace.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import type { Way } from '../../deploy/types.ts';
import { namespacesOf, type OpenTarget } from '../compose/cluster.ts';
import type { Session } from '../session.ts';
import { releaseMs, tellWaiting } from './write-locks.ts';

/** Milliseconds that removing an empty namespace may take. */
const removalMs = 10_000;

/**
 * Creates missing namespaces, if `cluster.createNamespace` allows it. At the end of the session, each namespace that it
 * created is removed if it is empty, so that a failed build leaves none behind.
 */
export async function ensureNamespaces(
  session: Session,
  { cluster }: OpenTarget,
  services: readonly ServiceConfig[],
): Promise<Outcome<void>> {
  const { project, signals, cleanup, emit } = session;
  const { name, cluster: config } = project.config;
  for (const namespace of namespacesOf(services, cluster)) {
    const request = { namespace, project: name, create: config.createNamespace };
    const made = await ensureNamespace(cluster, request, signals.shutdown);
    if (made.kind !== 'ok') return made;
    if (made.value !== 'created') continue;
    emit({ type: 'notice', level: 'info', message: `created the namespace ${namespace}` });
    cleanup.add(`removing the namespace ${namespace}`, async () => {
      const removed = await removeNamespace(
        cluster,
        { namespace, project: name },
        AbortSignal.timeout(removalMs),
      );
      if (removed.kind !== 'failed') return;
      const { message, hint } = removed.error;
      emit({
        type: 'notice',
        level: 'warning',
        message: `appdev could not remove the namespace ${namespace}, which it had created: ${message}`,
        ...(hint === undefined ? {} : { hint }),
      });
    });
  }
  return ok(undefined);
}

/** The namespaces that this session has locked for itself. The locks are released at its end. */
export interface NamespaceLocks {
  /** Creates the namespaces of the services if needed, and locks those that are not locked yet. */
  take(services: readonly ServiceConfig[]): Promise<Outcome<void>>;
  /**
   * Returns a way that first creates the namespace again if someone has deleted it. The lock in it is written again
   * with the next renewal.
   */
  readonly restoring: (way: Pick<Way, 'apply'>) => Pick<Way, 'apply'>;
  /** The locked namespaces, in the order in which they were locked. */
  names(): readonly string[];
  /** Aborts if another session takes over one of them. */
  readonly lost: AbortSignal;
  /** Fails with NAMESPACE_LOCKED if another session has taken over one of them, as far as is known. */
  state(): Outcome<void>;
  /** Asks the cluster about every lock, then returns `state`. Call it before anything is removed. */
  check(signal: AbortSignal): Promise<Outcome<void>>;
}

/**
 * Makes the locks of a session; nothing is locked yet. If a lock is lost, the session is asked to end, because the
 * namespace then belongs to another session.
 */
export function createNamespaceLocks(session: Session, target: OpenTarget): NamespaceLocks {
  const { project, signals, cleanup, emit, invocation } = session;
  const locks = new Map<string, NamespaceLock>();
  const lost = new AbortController();
  let loss: NotOk | undefined;

  const onLost = (namespace: string, holder: string): void => {
    const message = `${holder} took over the namespace ${namespace}; this session ends and removes nothing`;
    emit({ type: 'notice', level: 'warning', message });
    loss ??= failed('NAMESPACE_LOCKED', message, { hint: lockedHint(namespace) });
    lost.abort('shutdown');
    signals.end();
  };
  const state = (): Outcome<void> => loss ?? ok(undefined);

  return {
    async take(services) {
      const ensured = await ensureNamespaces(session, target, services);
      if (ensured.kind !== 'ok') return ensured;
      for (const namespace of namespacesOf(services, target.cluster)) {
        if (locks.has(namespace)) continue;
        const request = {
          namespace,
          project: project.config.name,
          command: invocation.command,
          ignoreHolder: invocation.flags.ignoreLock === true,
          onWait: tellWaiting(emit),
          onLost: (holder: string) => onLost(namespace, holder),
        };
        const lock = await lockNamespace(target.cluster, request, signals.shutdown);
        if (lock.kind !== 'ok') return lock;
        locks.set(namespace, lock.value);
        cleanup.add(
          `the lock of ${namespace}`,
          async () => await lock.value.release(AbortSignal.timeout(releaseMs)),
        );
      }
      return ok(undefined);
    },
    restoring: (way) => ({
      async apply(service, rendered, context) {
        const ensured = await ensureNamespaces(session, target, [service]);
        return ensured.kind === 'ok' ? await way.apply(service, rendered, context) : ensured;
      },
    }),
    names: () => [...locks.keys()],
    lost: lost.signal,
    state,
    async check(signal) {
      await Promise.all([...locks.values()].map(async (lock) => await lock.check(signal)));
      return state();
    },
  };
}
