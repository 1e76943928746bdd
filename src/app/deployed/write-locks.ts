/**
 * The locks of a command that writes once: `run`, `deploy` and `delete`. Such a command holds the lock of a namespace
 * only while it writes there. So two of them take turns, and none writes under the hands of a `dev` session.
 */
import { lockNamespace, sessionAt, type LockRequest, type NamespaceLock } from '../../cluster/hold/lock.ts';
import type { Cluster } from '../../cluster/types.ts';
import type { ServiceConfig } from '../../config/model.ts';
import { ok, type Outcome } from '../../core/outcome.ts';
import type { Way } from '../../deploy/types.ts';
import { namespacesOf, type OpenTarget } from '../compose/cluster.ts';
import type { Session } from '../session.ts';

/** Milliseconds that releasing a lock may take. */
export const releaseMs = 5000;

/** The part of a way that writes during a run. */
export type RunWay = Pick<Way, 'apply' | 'settle'>;

/** What a command does with the locks of its namespaces. */
export interface WriteLocks {
  /**
   * Fails with NAMESPACE_LOCKED if a `dev` session works in one of the namespaces. Takes nothing. With `--ignore-lock`
   * it warns instead.
   */
  look(services: readonly ServiceConfig[]): Promise<Outcome<void>>;
  /**
   * Does the work while it holds the locks of the services' namespaces. Fails with NAMESPACE_LOCKED if another session
   * holds one; a command that is only writing is waited for. With `--ignore-lock` the work is done without locks.
   *
   * @param signal ends the taking, not the work
   */
  holding<T>(
    services: readonly ServiceConfig[],
    signal: AbortSignal,
    work: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>>;
  /** Returns a way whose writes of a run are done within `holding`. */
  readonly guarding: (way: RunWay) => RunWay;
}

/** One namespace: how many pieces of this command's work hold its lock, and the end of the last change to that. */
interface Hold {
  users: number;
  lock: NamespaceLock | undefined;
  last: Promise<unknown>;
}

/** Makes the locks of a command; nothing is locked yet. */
export function createWriteLocks(session: Session, { cluster }: Pick<OpenTarget, 'cluster'>): WriteLocks {
  const { project, signals, emit, invocation } = session;
  const { command } = invocation;
  const ignores = invocation.flags.ignoreLock === true;
  const holds = new Map<string, Hold>();
  /** Namespaces of which the user knows that their lock cannot be had. */
  const told = new Set<string>();

  async function take(namespace: string, signal: AbortSignal): Promise<Outcome<NamespaceLock | undefined>> {
    const request: LockRequest = {
      namespace,
      project: project.config.name,
      command,
      onWait: tellWaiting(emit),
      onLost: (holder) =>
        emit({
          type: 'notice',
          level: 'warning',
          message: `${holder} took over the namespace ${namespace} while appdev ${command} was writing there`,
        }),
    };
    const there = await isThere(cluster, namespace, signal);
    if (!there) return ok(undefined);
    const taken = await lockNamespace(cluster, request, signal);
    if (taken.kind !== 'failed') return taken;
    const { code, message, hint } = taken.error;
    if (code === 'NAMESPACE_LOCKED' || code === 'CLUSTER_UNREACHABLE') return taken;
    // The account of a pipeline may be allowed to deploy and no more.
    if (!told.has(namespace))
      emit({
        type: 'notice',
        level: 'warning',
        message: `appdev ${command} writes without the lock of ${namespace}: ${message}`,
        ...(hint === undefined ? {} : { hint }),
      });
    told.add(namespace);
    return ok(undefined);
  }

  /** Changes to one namespace's lock are done one after the other: a release must not take back a new lock. */
  async function inTurn<T>(namespace: string, change: (hold: Hold) => Promise<T>): Promise<T> {
    const hold = holds.get(namespace) ?? { users: 0, lock: undefined, last: Promise.resolve() };
    holds.set(namespace, hold);
    const done = hold.last.then(async () => await change(hold));
    hold.last = done.catch(() => undefined);
    return await done;
  }

  async function enter(namespace: string, signal: AbortSignal): Promise<Outcome<void>> {
    return await inTurn(namespace, async (hold) => {
      if (hold.users === 0) {
        const taken = await take(namespace, signal);
        if (taken.kind !== 'ok') return taken;
        hold.lock = taken.value;
      }
      hold.users += 1;
      return ok(undefined);
    });
  }

  async function leave(namespace: string): Promise<void> {
    await inTurn(namespace, async (hold) => {
      hold.users -= 1;
      if (hold.users > 0) return;
      await hold.lock?.release(AbortSignal.timeout(releaseMs));
      hold.lock = undefined;
    });
  }

  const holding: WriteLocks['holding'] = async (services, signal, work) => {
    if (ignores) return await work();
    const entered: string[] = [];
    try {
      // In one order everywhere, so that two commands never wait for each other.
      for (const namespace of [...namespacesOf(services, cluster)].sort()) {
        const taken = await enter(namespace, signal);
        if (taken.kind !== 'ok') return taken;
        entered.push(namespace);
      }
      return await work();
    } finally {
      await Promise.all(entered.map(leave));
    }
  };

  return {
    async look(services) {
      for (const namespace of namespacesOf(services, cluster)) {
        const place = { namespace, project: project.config.name, command };
        const other = await sessionAt(cluster, place, signals.shutdown);
        if (other === undefined) continue;
        if (!ignores || other.kind !== 'failed') return other;
        emit({
          type: 'notice',
          level: 'warning',
          message: `${other.error.message}; it deploys its own files again with its next save`,
        });
      }
      return ok(undefined);
    },
    holding,
    guarding: (way) => ({
      apply: async (service, rendered, context) =>
        await holding([service], context.signal, async () => await way.apply(service, rendered, context)),
      settle: async (service, rendered, context) =>
        await holding([service], context.signal, async () => await way.settle(service, rendered, context)),
    }),
  };
}

/**
 * False if the namespace is not there or is going. Then there is nothing to keep from others, and no lock can be made.
 */
async function isThere(cluster: Pick<Cluster, 'get'>, name: string, signal: AbortSignal): Promise<boolean> {
  const found = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name }, signal);
  // Whoever may not read namespaces may still work in one.
  if (found.kind !== 'ok') return true;
  return found.value !== undefined && found.value.metadata.deletionTimestamp === undefined;
}

/** Tells that a command waits for another one that is writing. */
export function tellWaiting(emit: Session['emit']): (holder: string) => void {
  return (holder) =>
    emit({
      type: 'notice',
      level: 'info',
      message: `${holder}; waiting until it has written`,
      hint: 'to go on at once: --ignore-lock',
    });
}
