/** Brings the namespaces of a command into being, and for `dev` takes their locks. */
import { ensureNamespace } from '../cluster/namespace.ts';
import { lockNamespace } from '../cluster/lock.ts';
import { ok, type Outcome } from '../outcome.ts';
import { namespacesOf, type OpenTarget } from './cluster.ts';
import type { Session } from './session.ts';

/** How long giving a lock back may take, in milliseconds. */
const releaseMs = 5000;

/** Creates what is missing, where `cluster.createNamespace` allows it. */
export async function ensureNamespaces(session: Session, { cluster }: OpenTarget): Promise<Outcome<void>> {
  const { project, signals, services, emit } = session;
  const { name, cluster: config } = project.config;
  for (const namespace of namespacesOf(services, cluster)) {
    const request = { namespace, project: name, create: config.createNamespace };
    const made = await ensureNamespace(cluster, request, signals.shutdown);
    if (made.kind !== 'ok') return made;
    if (made.value === 'created') {
      emit({ type: 'notice', level: 'info', message: `created the namespace ${namespace}` });
    }
  }
  return ok(undefined);
}

/** Takes the lock of each namespace for this session; they are released at its end. */
export async function lockNamespaces(session: Session, { cluster }: OpenTarget): Promise<Outcome<void>> {
  const { project, signals, services, cleanup, emit } = session;
  for (const namespace of namespacesOf(services, cluster)) {
    const lock = await lockNamespace(
      cluster,
      {
        namespace,
        project: project.config.name,
        onLost: (holder) => {
          emit({
            type: 'notice',
            level: 'warning',
            message: `${holder} took ${namespace} over; this session ends`,
            hint: 'end that one before you start again, or use another namespace: -n',
          });
          signals.end();
        },
      },
      signals.shutdown,
    );
    if (lock.kind !== 'ok') return lock;
    cleanup.add(
      `the lock of ${namespace}`,
      async () => await lock.value.release(AbortSignal.timeout(releaseMs)),
    );
  }
  return ok(undefined);
}
