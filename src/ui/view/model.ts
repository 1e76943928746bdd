/**
 * The screen's reducer: events in, view model out. Pure. The panel draws only what is in the view model. IO, clocks and
 * layout are in other files.
 */
import type { AppEvent } from '../../core/events.ts';
import { isFirst } from './first-run.ts';
import type { ForwardView, LastRun, ServiceView, View } from './view.ts';

/** How many of the last lines of tool output a run keeps for its error card. */
const tailLength = 10;

type EventOf<T extends AppEvent['type']> = Extract<AppEvent, { type: T }>;

/** The view before the first event. */
export const initialView: View = {
  command: '',
  version: '',
  project: '',
  profiles: [],
  paused: false,
  change: 0,
  services: [],
  phase: 'working',
  cleaning: [],
};

/** The view after an event. It is the same object if the event changes nothing that a screen shows. */
export function reduceView(view: View, event: AppEvent): View {
  switch (event.type) {
    case 'session.started': {
      const { command, version, project, profiles } = event;
      return { ...view, command, version, project, profiles, services: event.services.map(newService) };
    }
    case 'session.finished':
      return { ...view, phase: 'finished' };
    case 'cluster.selected':
      return { ...view, cluster: { context: event.context, namespace: event.namespace } };
    case 'registry.selected':
      return { ...view, registry: { push: event.push, source: event.source } };
    case 'config.reloaded':
      return omit({ ...view, profiles: event.profiles }, 'configError');
    case 'config.rejected':
      return { ...view, configError: event.error };
    case 'watch.started':
      return { ...view, watch: { files: event.files, mode: event.mode } };
    case 'watch.changed':
      return view.watch === undefined ? view : { ...view, watch: { ...view.watch, files: event.files } };
    case 'watch.paused':
      return { ...view, paused: true };
    case 'watch.resumed':
      return { ...view, paused: false };
    case 'cluster.lost':
      return {
        ...view,
        cluster: { namespace: '', ...view.cluster, context: event.context, lost: event.reason },
      };
    case 'cluster.regained':
      return view.cluster === undefined ? view : { ...view, cluster: omit(view.cluster, 'lost') };
    case 'cleanup.started':
      return {
        ...view,
        phase: 'cleaning',
        cleaning: event.services,
        services: view.services.map((service) =>
          event.services.includes(service.name) ? { ...service, removing: true } : service,
        ),
      };
    case 'cleanup.finished':
      return {
        ...view,
        services: view.services.map((service) =>
          event.failed.includes(service.name) ? { ...service, removing: false } : removedIn(view, service),
        ),
        cleaning: [],
      };
    case 'change.detected':
      return withService(
        { ...view, change: Math.max(view.change, event.change) },
        event.service,
        (service) => ({
          ...service,
          pending: { change: event.change, paths: event.paths, more: event.more },
        }),
      );
    case 'run.started': {
      // The first runs of a session have numbers, although nothing has been saved.
      const saved = isFirst(event) ? 0 : event.change;
      return withService({ ...view, change: Math.max(view.change, saved) }, event.service, (service) =>
        startRun(service, event),
      );
    }
    case 'service.held':
    case 'service.released':
    case 'stage.started':
    case 'stage.output':
    case 'stage.finished':
    case 'run.finished':
    case 'pod.changed':
    case 'forward.opened':
    case 'forward.lost':
    case 'forward.closed':
      return withService(view, event.service, (service) => reduceService(service, event));
    case 'pod.log':
    case 'notice':
      return view;
  }
}

type ServiceEvent = EventOf<
  | 'service.held'
  | 'service.released'
  | 'stage.started'
  | 'stage.output'
  | 'stage.finished'
  | 'run.finished'
  | 'pod.changed'
  | 'forward.opened'
  | 'forward.lost'
  | 'forward.closed'
>;

function reduceService(service: ServiceView, event: ServiceEvent): ServiceView {
  switch (event.type) {
    case 'service.held':
      return { ...service, hold: event.hold };
    case 'service.released':
      return omit(service, 'hold');
    case 'stage.started':
      return inRun(service, event.run, (run) => ({
        ...run,
        stage: { stage: event.stage, startedAt: Date.parse(event.at) },
      }));
    case 'stage.output':
      if (service.run?.run !== event.run) return service;
      return { ...service, tail: [...service.tail.slice(1 - tailLength), event.line] };
    case 'stage.finished':
      return inRun(service, event.run, (run) => ({
        ...(run.stage?.stage === event.stage ? omit(run, 'stage') : run),
        done: [...run.done, { stage: event.stage, ms: event.ms, outcome: event.outcome }],
      }));
    case 'run.finished':
      return finishRun(service, event);
    case 'pod.changed':
      return { ...service, pods: event.pods };
    case 'forward.opened':
      return withForward(service, { localPort: event.localPort, remotePort: event.remotePort });
    case 'forward.lost': {
      const known = service.forwards.find((forward) => forward.localPort === event.localPort);
      return withForward(service, {
        remotePort: event.localPort,
        ...known,
        localPort: event.localPort,
        lost: event.reason,
      });
    }
    case 'forward.closed':
      return {
        ...service,
        forwards: service.forwards.filter(({ localPort }) => localPort !== event.localPort),
      };
  }
}

function newService(name: string): ServiceView {
  return { name, forwards: [], tail: [], removing: false, removed: false };
}

function startRun(service: ServiceView, event: EventOf<'run.started'>): ServiceView {
  const { run, change, route, reason } = event;
  const taken = service.pending !== undefined && service.pending.change <= change;
  const idle = omit(service, 'hold');
  return {
    ...(taken ? omit(idle, 'pending') : idle),
    run: { run, change, route, reason, startedAt: Date.parse(event.at), done: [] },
    tail: [],
    removing: false,
    removed: false,
  };
}

function finishRun(service: ServiceView, event: EventOf<'run.finished'>): ServiceView {
  const idle = service.run?.run === event.run ? omit(service, 'run') : service;
  // Such a run says nothing about the service. The next run starts at once and will.
  const { outcome: ended, cancelReason: why } = event;
  if (ended === 'cancelled' && (why === 'superseded' || why === 'redirected')) return idle;
  const { run, change, reason, outcome, ms, stages } = event;
  const last: LastRun = {
    run,
    change,
    reason,
    outcome,
    ms,
    stages,
    ...(event.error === undefined ? {} : { error: event.error }),
    ...(event.cancelReason === undefined ? {} : { cancelReason: event.cancelReason }),
  };
  return { ...idle, last, ...(event.artifact === undefined ? {} : { digest: event.artifact.digest }) };
}

function removedIn(view: View, service: ServiceView): ServiceView {
  if (!view.cleaning.includes(service.name)) return service;
  return { ...omit(service, 'pods'), removing: false, removed: true, forwards: [] };
}

function withForward(service: ServiceView, forward: ForwardView): ServiceView {
  const known = service.forwards.some((other) => other.localPort === forward.localPort);
  const forwards = known
    ? service.forwards.map((other) => (other.localPort === forward.localPort ? forward : other))
    : [...service.forwards, forward];
  return { ...service, forwards };
}

/** Changes the current run. An event of another run is late and is ignored. */
function inRun(
  service: ServiceView,
  run: number,
  change: (run: NonNullable<ServiceView['run']>) => NonNullable<ServiceView['run']>,
): ServiceView {
  return service.run?.run === run ? { ...service, run: change(service.run) } : service;
}

/** Changes one service. An unknown name gets a new row: a reload of the configuration has added the service. */
function withService(view: View, name: string, change: (service: ServiceView) => ServiceView): View {
  const index = view.services.findIndex((service) => service.name === name);
  const before = view.services[index];
  if (before === undefined) return { ...view, services: [...view.services, change(newService(name))] };
  const after = change(before);
  return after === before ? view : { ...view, services: view.services.with(index, after) };
}

function omit<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const rest: Partial<T> = { ...value };
  // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- on a copy; the rest syntax would name an unused variable
  delete rest[key];
  return rest as Omit<T, K>;
}
