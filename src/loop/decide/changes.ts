/**
 * The reducer's part from "something happened" to "this service is dirty": gathering wake-ups, looking once they have
 * been quiet, and comparing what was seen with what the service's run or its last result stands for.
 */
import { basename } from 'node:path';
import type { Role } from '../../core/role.ts';
import { isAtWork } from './run-stage.ts';
import { staleUse } from './uses.ts';
import { emit, set, update, without, withoutPending, type Draft } from './draft.ts';
import type { Fingerprint } from '../../watch/types.ts';
import type { LookResult, Message } from './messages.ts';
import { liveRun, sameFingerprint, type Pending, type Run, type ServiceState } from './state.ts';

/** Quiet after the last event before the loop looks, in milliseconds: a single save needs next to none, */
const singleMs = 20;
/** "save all" comes as a few files within milliseconds, */
const severalMs = 50;
/** and a checkout or a generator as many, with pauses. */
const bulkMs = 300;
const bulkFiles = 50;
/** However long it goes on, look after so many milliseconds. */
const capMs = 5_000;
/** After so many looks in a row that found half-written files, build what is there: somebody writes without end. */
const maxUnsettledLooks = 250;
/** More paths of one change are not kept; the count shown is then a lower bound. */
const maxPaths = 1_000;
/** Paths in a change.detected event. */
const shownPaths = 20;

/** Something happened to files of these services: look when it has been quiet. */
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

/** Looks at the touched services, unless a look is under way: its end asks for the next. */
export function look(draft: Draft): void {
  const { state } = draft;
  // In both cases what ends it looks again.
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

/** Asks for another look where something was heard of since the last one began. */
export function lookAgain(draft: Draft, ms: number = singleMs): void {
  const touched = [...draft.state.services.values()].some((service) => service.touched);
  // Also while events are gathered: their timer may have run out during the look, which could not start another.
  if (touched || draft.state.gathering !== undefined) armDebounce(draft, ms);
}

/** Takes in what a look found. */
export function rescanned(draft: Draft, results: readonly LookResult[]): void {
  set(draft, { looking: [] });
  const waitMs = Math.max(0, ...results.map((result) => result.settlesInMs));
  const tired = draft.state.unsettledLooks >= maxUnsettledLooks;
  set(draft, { unsettledLooks: waitMs > 0 && !tired ? draft.state.unsettledLooks + 1 : 0 });
  for (const result of results) {
    // What changed is remembered even where it cannot be built yet: the next look only tells what changed after this one.
    if (result.settlesInMs > 0 && !tired) remember(draft, result);
    else compare(draft, result);
  }
  lookAgain(draft, waitMs > 0 ? waitMs : singleMs);
}

/** What a run is for, in a few words: `OrderService.java (+2)`. */
export function reasonOf(paths: readonly string[]): string {
  const [first] = paths;
  if (first === undefined) return 'changed';
  return paths.length === 1 ? basename(first) : `${basename(first)} (+${paths.length - 1})`;
}

/** Both lists as one, sorted, without doubles. */
export function mergePaths(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort().slice(0, maxPaths);
}

/** Both lists as one, without doubles. */
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
    // Saved but the same, or back to what was built. What was asked for by key is not taken back by that, nor what
    // another service's new image demands.
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
    // A save starts what the key c stopped; of a manual service it does not.
    waits: service.spec.manual && (pending === undefined ? started : pending.waits),
    ...(pending?.handedOn === undefined ? {} : { handedOn: pending.handedOn }),
  };
  update(draft, result.service, (old) => ({ ...old, pending: next }));
  if (started) detected(draft, result.service, change, all);
  wakeFailedMates(draft, service);
}

/** What a service that does not run stands for. A cancelled run stands for nothing. */
function baseline({ last }: ServiceState): Fingerprint | undefined {
  return last.kind === 'never' || last.kind === 'interrupted' ? undefined : last.fingerprint;
}

/** Whether a run will render what changed anyway: only manifests did, and it has not begun to read them. */
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

/** One invocation failed for a whole batch: what may heal it for one may heal it for all. */
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

/** Marks a service as asked for by key: it is built and applied even if everything is there. */
export function ask(draft: Draft, service: ServiceState): void {
  const { last } = service;
  const done = last.kind === 'never' || last.kind === 'interrupted' ? undefined : last;
  const from = service.pending ?? liveRun(service) ?? done;
  // Never looked at yet: the first look makes it run anyway.
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
