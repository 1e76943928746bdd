/**
 * How the reducer finds out that a service is dirty. It gathers wake-ups, and asks for a look when they have been
 * quiet. Then it compares what the look saw with the inputs of the service's run, or of its last result.
 */
import { basename } from 'node:path';
import type { Role } from '../../core/role.ts';
import { isAtWork } from './run-stage.ts';
import { staleUse } from './uses.ts';
import { emit, set, update, without, withoutPending, type Draft } from './draft.ts';
import type { Fingerprint } from '../../watch/types.ts';
import type { LookResult, Message } from './messages.ts';
import { liveRun, sameFingerprint, type Pending, type Run, type ServiceState } from './state.ts';

/**
 * How long events must be quiet before the loop looks, in milliseconds. This is for one file: a single save is over
 * at once.
 */
const singleMs = 20;
/** The same for two or more files. "Save all" writes them within a few milliseconds. */
const severalMs = 50;
/** The same for a bulk change. A checkout or a generator writes many files, with pauses. */
const bulkMs = 300;
const bulkFiles = 50;
/** The loop looks after this many milliseconds even if events do not go quiet. */
const capMs = 5_000;
/**
 * After this many looks in a row that found half-written files, the loop builds what is there. Something then writes
 * without end.
 */
const maxUnsettledLooks = 250;
/** Paths that are kept of one change. If there are more, the count shown is a lower bound. */
const maxPaths = 1_000;
/** Paths that a `change.detected` event names at most. */
const shownPaths = 20;

/** Takes in that files of these services changed. The loop looks when events have been quiet. */
export function gather(draft: Draft, message: Extract<Message, { kind: 'files-changed' }>): void {
  touch(draft, message.services);
  const before = draft.state.gathering;
  const paths = new Set(before?.paths);
  for (const path of message.paths) if (paths.size <= bulkFiles) paths.add(path);
  set(draft, { gathering: { paths: [...paths], config: (before?.config ?? false) || message.config } });
  const bulk = paths.size > bulkFiles || (message.services === 'all' && message.paths.length === 0);
  armDebounce(draft, bulk ? bulkMs : paths.size > 1 ? severalMs : singleMs);
  if (before === undefined) draft.effects.push({ kind: 'arm-timer', timer: 'cap', ms: capMs });
}

/** Marks services as changed since the last look. */
export function touch(draft: Draft, services: readonly string[] | 'all'): void {
  for (const name of services === 'all' ? draft.state.services.keys() : services) {
    update(draft, name, (service) => ({ ...service, touched: true }));
  }
}

/** Looks at the touched services. If a look is under way, it starts none: the end of that look asks for the next. */
export function look(draft: Draft): void {
  const { state } = draft;
  // The end of that look, or of the reload, looks again.
  if (state.looking.length > 0 || state.reloading) return;
  if (state.gathering?.config === true) {
    set(draft, { reloading: true, gathering: { paths: [], config: false } });
    draft.effects.push({ kind: 'reload-config' });
    return;
  }
  const looking = [...state.services.values()]
    .filter((service) => service.touched)
    .map(({ spec }) => spec.name);
  draft.state = { ...without(state, 'gathering'), looking };
  draft.effects.push({ kind: 'disarm-timer', timer: 'debounce' }, { kind: 'disarm-timer', timer: 'cap' });
  for (const name of looking) update(draft, name, (service) => ({ ...service, touched: false }));
  if (looking.length > 0) draft.effects.push({ kind: 'look', services: looking });
}

/** Asks for another look after `ms` milliseconds, if events came in since the last look began. */
export function lookAgain(draft: Draft, ms: number = singleMs): void {
  const touched = [...draft.state.services.values()].some((service) => service.touched);
  // Gathered events count, too. Their timer may have run out during the look, and could not start another look then.
  if (touched || draft.state.gathering !== undefined) armDebounce(draft, ms);
}

/** Takes in what a look found. */
export function rescanned(draft: Draft, results: readonly LookResult[]): void {
  set(draft, { looking: [] });
  const waitMs = Math.max(0, ...results.map((result) => result.settlesInMs));
  const tired = draft.state.unsettledLooks >= maxUnsettledLooks;
  set(draft, { unsettledLooks: waitMs > 0 && !tired ? draft.state.unsettledLooks + 1 : 0 });
  for (const result of results) {
    // Remember what changed even if it cannot be built yet. The next look only reports what changed after this one.
    if (result.settlesInMs > 0 && !tired) remember(draft, result);
    else compare(draft, result);
  }
  lookAgain(draft, waitMs > 0 ? waitMs : singleMs);
}

/** Why a run starts, in a few words: `OrderService.java (+2)`. */
export function reasonOf(paths: readonly string[]): string {
  const [first] = paths;
  if (first === undefined) return 'changed';
  return paths.length === 1 ? basename(first) : `${basename(first)} (+${paths.length - 1})`;
}

/** Both lists as one, sorted and without duplicates. At most `maxPaths` are kept. */
export function mergePaths(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort().slice(0, maxPaths);
}

/** Both lists as one, without duplicates. */
export function mergeKinds(a: readonly Role[], b: readonly Role[]): readonly Role[] {
  return [...new Set([...a, ...b])];
}

function remember(draft: Draft, result: LookResult): void {
  update(draft, result.service, (service) => ({
    ...service,
    touched: true,
    unsettledPaths: mergePaths(service.unsettledPaths, result.paths),
    unsettledKinds: mergeKinds(service.unsettledKinds, result.kinds),
  }));
}

function compare(draft: Draft, result: LookResult): void {
  const service = draft.state.services.get(result.service);
  if (service === undefined || service.removed) return;
  const paths = mergePaths(service.unsettledPaths, result.paths);
  const kinds = mergeKinds(service.unsettledKinds, result.kinds);
  update(draft, result.service, (old) => ({ ...old, unsettledPaths: [], unsettledKinds: [] }));
  const { pending, activity } = service;
  const standsFor = activity.kind === 'running' ? activity.run.fingerprint : baseline(service);
  if (standsFor !== undefined && sameFingerprint(standsFor, result.fingerprint)) {
    // Saved without a difference, or back to what was built. A change stays due if the user asked for it by key, or
    // if another service's new image demands it.
    if (pending !== undefined) {
      const { fingerprint } = result;
      const isDue = pending.asked || staleUse(draft.state, service) !== undefined;
      update(draft, result.service, (old) =>
        isDue ? { ...old, pending: { ...pending, fingerprint } } : withoutPending(old),
      );
    }
    return;
  }
  if (activity.kind === 'running' && isStillToRender(activity.run, result)) {
    absorb(draft, result, activity.run, { paths, kinds });
    return;
  }
  if (pending !== undefined && sameFingerprint(pending.fingerprint, result.fingerprint)) return;
  const started = activity.kind !== 'idle' || service.last.kind !== 'never' || pending !== undefined;
  const change = draft.state.lastChange + 1;
  set(draft, { lastChange: change });
  const all = mergePaths(pending?.paths ?? [], paths);
  const next: Pending = {
    change,
    fingerprint: result.fingerprint,
    paths: started ? all : [],
    kinds: mergeKinds(pending?.kinds ?? [], kinds),
    reason: started ? reasonOf(all) : 'start',
    asked: pending?.asked ?? false,
    // A save starts again what the key c stopped. It does not start a manual service.
    waits: service.spec.manual && (pending === undefined ? started : pending.waits),
    ...(pending?.handedOn === undefined ? {} : { handedOn: pending.handedOn }),
  };
  update(draft, result.service, (old) => ({ ...old, pending: next }));
  if (started) detected(draft, result.service, change, all);
  wakeFailedMates(draft, service);
}

/**
 * The inputs of the last result of a service that does not run. Undefined if there is none, or if a run was cancelled
 * after its apply.
 */
function baseline({ last }: ServiceState): Fingerprint | undefined {
  return last.kind === 'never' || last.kind === 'interrupted' ? undefined : last.fingerprint;
}

/** Whether a run will render the change anyway. Only manifests changed, and the run has not begun to read them. */
function isStillToRender(run: Run, result: LookResult): boolean {
  const { build, tests } = run.fingerprint;
  if (build !== result.fingerprint.build || tests !== result.fingerprint.tests) return false;
  return isAtWork(run);
}

function absorb(
  draft: Draft,
  result: LookResult,
  run: Run,
  { paths, kinds }: Pick<LookResult, 'paths' | 'kinds'>,
): void {
  const change = draft.state.lastChange + 1;
  set(draft, { lastChange: change });
  const all = mergePaths(run.paths, paths);
  const next: Run = {
    ...run,
    ...{ change, fingerprint: result.fingerprint },
    ...{ paths: all, kinds: mergeKinds(run.kinds, kinds) },
  };
  update(draft, result.service, (service) => ({
    ...withoutPending(service),
    activity: { kind: 'running', run: next },
  }));
  detected(draft, result.service, change, paths);
}

/**
 * Makes the other services of a failed batch dirty again. One invocation failed for all of them, so a change of one
 * may fix all.
 */
function wakeFailedMates(draft: Draft, changed: ServiceState): void {
  if (changed.last.kind !== 'failed') return;
  for (const mate of draft.state.services.values()) {
    const { last } = mate;
    if (mate.spec.name === changed.spec.name || mate.pending !== undefined || mate.activity.kind !== 'idle')
      continue;
    if (last.kind !== 'failed' || last.batch !== changed.last.batch) continue;
    const { change, fingerprint, paths, kinds } = last;
    const pending: Pending = {
      ...{ change, fingerprint, paths, kinds },
      ...{ reason: reasonOf(paths), asked: false, waits: mate.spec.manual },
    };
    update(draft, mate.spec.name, (service) => ({ ...service, pending }));
  }
}

function detected(draft: Draft, service: string, change: number, paths: readonly string[]): void {
  const shown = paths.slice(0, shownPaths);
  emit(draft, { type: 'change.detected', service, change, paths: shown, more: paths.length - shown.length });
}

function armDebounce(draft: Draft, ms: number): void {
  if (draft.state.phase !== 'running') return;
  draft.effects.push({ kind: 'arm-timer', timer: 'debounce', ms });
}

/** Marks a service as asked for by the key r. It is then built and applied even if everything is there. */
export function ask(draft: Draft, service: ServiceState): void {
  const { last } = service;
  const done = last.kind === 'never' || last.kind === 'interrupted' ? undefined : last;
  const from = service.pending ?? liveRun(service) ?? done;
  // Nobody has looked at the service yet. The first look makes it run anyway.
  if (from === undefined) return;
  const { paths = [], kinds = [] } = 'paths' in from ? from : {};
  const pending: Pending = {
    change: from.change,
    fingerprint: from.fingerprint,
    paths,
    kinds,
    reason: 'asked for (r)',
    asked: true,
    waits: false,
  };
  update(draft, service.spec.name, (old) => ({ ...old, pending }));
}
