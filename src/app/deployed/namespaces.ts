/** Brings the namespaces of a command into being, and for `dev` takes their locks and notices when one is lost. */
import { lockNamespace, type NamespaceLock } from '../../cluster/hold/lock.ts';
import { ensureNamespace, removeNamespace } from '../../cluster/hold/namespace.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { failed, ok, type NotOk, type Outcome } from '../../core/outcome.ts';
import { namespacesOf, type OpenTarget } from '../compose/cluster.ts';
import type { Session } from '../session.ts';

/** How long giving a lock back may take, in milliseconds. */
const releaseMs = 5000;

/** How long taking an empty namespace away again may take, in milliseconds. */
const removalMs = 10_000;

/**
 * Creates what is missing, where `cluster.createNamespace` allows it. At the end of the session a namespace that it
 * created goes again if nothing came into it: a build that failed leaves no empty one behind.
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
        message: `the namespace ${namespace} stays: ${message}`,
        ...(hint === undefined ? {} : { hint }),
      });
    });
  }
  return ok(undefined);
}

/** The namespaces that this session works in alone. Their locks are given back at its end. */
export interface NamespaceLocks {
  /** Brings the namespaces of the services into being and locks those that are not held yet. */
  take(services: readonly ServiceConfig[]): Promise<Outcome<void>>;
  /** Those that were locked, first one first. */
  names(): readonly string[];
  /** Aborts when another session has taken one of them over. */
  readonly lost: AbortSignal;
  /** NAMESPACE_LOCKED once another session has taken one of them over. */
  state(): Outcome<void>;
  /** The same after a look at every lock. To be asked before anything is removed. */
  check(signal: AbortSignal): Promise<Outcome<void>>;
}

/**
 * Makes it, with nothing locked yet. When a lock is lost the session is asked to end: what runs in that namespace is
 * somebody else's from then on.
 */
export function createNamespaceLocks(session: Session, target: OpenTarget): NamespaceLocks {
  const { project, signals, cleanup, emit } = session;
  const locks = new Map<string, NamespaceLock>();
  const lost = new AbortController();
  let loss: NotOk | undefined;

  const onLost = (namespace: string, holder: string): void => {
    const message = `${holder} took ${namespace} over; this session ends and removes nothing`;
    emit({ type: 'notice', level: 'warning', message });
    loss ??= failed('NAMESPACE_LOCKED', message, {
      hint: `end that session, or use a namespace of your own: -n ${namespace}-2`,
    });
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
    names: () => [...locks.keys()],
    lost: lost.signal,
    state,
    async check(signal) {
      await Promise.all([...locks.values()].map(async (lock) => await lock.check(signal)));
      return state();
    },
  };
}
