/**
 * A stand-in for everything around the reducer: a disk, a clock's timers, a git, and runs that go through their stages. It
 * answers the effects that `reduce` asks for, in whatever order a property test chooses, and checks after each message
 * what must always hold. No timing, no IO.
 */
import { expect } from 'vitest';
import { batchesAtWork, makesImage, usesReactor } from '../../src/loop/decide/run-stage.ts';
import { reduce } from '../../src/loop/decide/reducer.ts';
import type { Effect, Message, RunFinished, RunOrder, Timer } from '../../src/loop/decide/messages.ts';
import {
  initialState,
  liveRun,
  type LoopState,
  type ServiceSpec,
  type Uses,
} from '../../src/loop/decide/state.ts';
import type { EventBody, Hold } from '../../src/core/events.ts';
import { stagesOf, type RouteSpec, type Stage } from '../../src/core/routes.ts';
import type { CancelReason } from '../../src/core/outcome.ts';
import type { Fingerprint } from '../../src/watch/types.ts';

/** A run as the fake driver carries it out. */
interface FakeRun {
  readonly order: RunOrder;
  readonly stages: readonly Stage[];
  next: number;
  atGate: boolean;
  cancelled: CancelReason | undefined;
  /** What was on disk when the run began, and what its manifests were rendered from. */
  readonly before: Fingerprint;
  rendered: string;
  /** Images of other services that its manifests were rendered with. */
  images: Uses;
  movedInBuild: boolean;
}

/** Without a registry that judges, no run reports `scan`. */
const reported = (route: RouteSpec): readonly Stage[] => stagesOf(route).filter((stage) => stage !== 'scan');

export class FakeLoopWorld {
  state: LoopState;
  readonly disk: Map<string, { build: number; deploy: number }> = new Map();
  /** What the cluster has: what was built and rendered when a run last applied. */
  readonly cluster: Map<string, { readonly build: string; readonly deploy: string; readonly images: Uses }> =
    new Map();
  /** The newest image of each service, as the driver's hands know it. */
  readonly images: Map<string, string> = new Map();
  readonly artifacts: Set<string> = new Set();
  readonly runs: Map<number, FakeRun> = new Map();
  readonly timers: Set<Timer> = new Set();
  looks: (readonly string[])[] = [];
  reloads = 0;
  git: string | undefined;
  exited = false;
  readonly events: EventBody[] = [];
  readonly told: Map<string, Hold> = new Map();
  readonly specs: readonly ServiceSpec[];
  /** Whose images a service's manifests name. */
  readonly uses: Readonly<Record<string, readonly string[]>>;

  constructor(
    specs: readonly ServiceSpec[],
    limit: number,
    uses: Readonly<Record<string, readonly string[]>> = {},
  ) {
    this.specs = specs;
    this.uses = uses;
    this.state = initialState(specs, limit);
    for (const { name } of specs) this.disk.set(name, { build: 0, deploy: 0 });
  }

  fingerprint(service: string): Fingerprint {
    const { build, deploy } = this.disk.get(service) ?? { build: 0, deploy: 0 };
    const builds = this.specs.find(({ name }) => name === service)?.builds === true;
    return { build: builds ? `${service}-b${build}` : '', deploy: `${service}-d${deploy}`, tests: '' };
  }

  send(message: Message): void {
    const { state, effects } = reduce(this.state, message);
    this.state = state;
    for (const effect of effects) this.perform(effect);
    this.check();
  }

  /** The images that a service's manifests would be rendered with now; empty if there is none yet. */
  imagesFor(service: string): Uses {
    return Object.fromEntries((this.uses[service] ?? []).map((name) => [name, this.images.get(name) ?? '']));
  }

  /** A save. With `lost`, no event tells of it. */
  edit(service: string, what: 'build' | 'deploy', by: number, lost: boolean): void {
    const files = this.disk.get(service);
    if (files === undefined) return;
    files[what] += by;
    for (const run of this.runs.values()) {
      const stage = run.stages[run.next - 1];
      const building = stage === undefined || stage === 'compile' || stage === 'package';
      if (run.order.service === service && what === 'build' && building) run.movedInBuild = true;
    }
    if (!lost) {
      const path = `${service}/${what}-${files[what]}`;
      this.send({ kind: 'files-changed', services: [service], paths: [path], config: false });
    }
  }

  fire(timer: Timer): void {
    if (!this.timers.delete(timer)) return;
    this.send({ kind: 'timer-fired', timer });
  }

  answerLook(settlesInMs = 0): void {
    const names = this.looks.shift();
    if (names === undefined) return;
    if (this.git !== undefined) {
      this.send({ kind: 'git-busy', operation: this.git });
      return;
    }
    this.send({ kind: 'git-free' });
    const results = names
      .filter((name) => this.disk.has(name))
      .map((service) => ({
        service,
        fingerprint: this.fingerprint(service),
        paths: [`${service}/x.java`],
        kinds: ['source' as const],
        settlesInMs,
      }));
    this.send({ kind: 'rescanned', results });
  }

  answerReload(kind: 'kept' | 'rejected' | 'reloaded'): void {
    if (this.reloads === 0) return;
    this.reloads -= 1;
    if (kind === 'kept') this.send({ kind: 'config-kept' });
    else if (kind === 'rejected') {
      this.send({ kind: 'config-rejected', error: { code: 'CONFIG_INVALID', message: 'unknown key' } });
    } else this.send({ kind: 'config-reloaded', services: this.specs, profiles: [], changed: [] });
  }

  /** Lets a run do its next thing: end a stage and begin the next, wait at the gate, or end. */
  advance(id: number, ending: 'ok' | 'failed'): void {
    const run = this.runs.get(id);
    if (run === undefined) return;
    const { service } = run.order;
    const last = run.stages[run.next - 1];
    const superseded = { kind: 'cancelled', reason: 'superseded' } as const;
    if (run.cancelled !== undefined && last !== 'apply') {
      this.end(run, { kind: 'cancelled', reason: run.cancelled });
      return;
    }
    const { build } = run.before;
    const stale = run.next === 0 && run.order.fingerprint.build !== build;
    if (stale || (last === 'package' && run.movedInBuild)) {
      this.end(run, superseded);
      return;
    }
    if (run.next === 0 && !makesImage(run.order.route) && build !== '' && !this.artifacts.has(build)) {
      throw new Error(`${service}: rendered without an image`);
    }
    if (last === 'image') this.artifacts.add(build);
    if (ending === 'failed' || run.next === run.stages.length) {
      const error = { code: 'SOURCE_BUILD_FAILED', message: 'no' } as const;
      this.end(run, ending === 'failed' ? { kind: 'failed', error } : { kind: 'ok' });
      return;
    }
    const stage = run.stages[run.next];
    if (stage === 'apply' && !run.atGate) {
      run.atGate = true;
      // Renders until the manifests are those of the disk, and says which those are.
      run.rendered = this.fingerprint(service).deploy;
      const fingerprint = { ...run.order.fingerprint, deploy: run.rendered };
      this.send({ kind: 'inputs-accepted', service, run: id, fingerprint });
      run.images = this.imagesFor(service);
      this.send({ kind: 'gate-reached', service, run: id, uses: run.images });
      return;
    }
    // Still waiting at the gate.
    if (stage === 'apply' && liveRun(this.live(service))?.atGate === true) return;
    if (stage === undefined) return;
    if (stage === 'apply' && JSON.stringify(run.images) !== JSON.stringify(this.imagesFor(service))) {
      // Let through, but an image came meanwhile: renders again, and comes to the gate again.
      run.atGate = false;
      this.send({ kind: 'stage-reached', service, run: id, stage: 'render' });
      return;
    }
    if (stage === 'render' && build !== '') {
      this.images.set(service, build);
      this.send({ kind: 'image-made', service, run: id, image: build });
    }
    run.next += 1;
    if (stage === 'apply') {
      must(!Object.values(run.images).includes(''), `${service}: nothing is applied with an unknown image`);
      this.cluster.set(service, { build, deploy: run.rendered, images: run.images });
    }
    this.send({ kind: 'stage-reached', service, run: id, stage });
  }

  /** Everything that was begun comes to its end, and nothing new happens. */
  quiesce(): void {
    this.git = undefined;
    if (this.state.paused) this.send({ kind: 'key-pressed', key: 'pause' });
    if (this.state.lostCluster !== undefined) this.send({ kind: 'cluster-regained', context: 'c' });
    let walks = 0;
    for (let round = 0; round < 500; round += 1) {
      while (this.reloads > 0) this.answerReload('kept');
      while (this.looks.length > 0) this.answerLook();
      for (const id of [...this.runs.keys()]) this.advance(id, 'ok');
      const armed = [...this.timers].filter((timer) => timer !== 'walk');
      for (const timer of armed) this.fire(timer);
      const waiting = [...this.state.services.values()].filter(
        (service) => liveRun(service)?.atGate === true,
      );
      const busy = this.runs.size - waiting.length + this.looks.length + this.reloads + armed.length;
      const quiet = busy === 0;
      if (quiet && walks === 2) return;
      if (quiet) {
        walks += 1;
        this.fire('walk');
      }
    }
    throw new Error(`never quiet: ${JSON.stringify([...this.state.services.values()])}`);
  }

  private live(service: string): NonNullable<ReturnType<LoopState['services']['get']>> {
    const found = this.state.services.get(service);
    if (found === undefined) throw new Error(`no service ${service}`);
    return found;
  }

  private end(run: FakeRun, result: RunFinished['result']): void {
    this.runs.delete(run.order.run);
    const built = makesImage(run.order.route) && run.next > run.stages.indexOf('push');
    this.send({
      kind: 'run-finished',
      service: run.order.service,
      run: run.order.run,
      result,
      ms: 1,
      stages: [],
      ...(built ? { artifact: fakeArtifact(run.order.service) } : {}),
    });
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'emit':
        this.heard(effect.event);
        break;
      case 'look':
        this.looks.push(effect.services);
        break;
      case 'start-batch':
        for (const order of effect.orders) {
          expect(this.state.phase, 'nothing starts while stopping').toBe('running');
          const clash = [...this.runs.values()].find((run) => run.order.service === order.service);
          expect(clash, 'at most one run a service').toBeUndefined();
          this.runs.set(order.run, {
            order,
            stages: reported(order.route),
            next: 0,
            atGate: false,
            cancelled: undefined,
            before: this.fingerprint(order.service),
            rendered: '',
            images: {},
            // What the plan knew is older than the disk: the driver's first scan finds out.
            movedInBuild:
              makesImage(order.route) && order.fingerprint.build !== this.fingerprint(order.service).build,
          });
        }
        break;
      case 'cancel-run': {
        const run = this.runs.get(effect.run);
        if (run !== undefined) run.cancelled = effect.reason;
        break;
      }
      case 'open-gate':
        break;
      case 'arm-timer':
        this.timers.add(effect.timer);
        break;
      case 'disarm-timer':
        this.timers.delete(effect.timer);
        break;
      case 'reload-config':
        this.reloads += 1;
        break;
      case 'exit':
        this.exited = true;
        break;
    }
  }

  private check(): void {
    const { state } = this;
    must(batchesAtWork(state) <= state.limit, 'concurrency is within the limit');
    const reactors = new Map<string, number>();
    for (const [name, service] of state.services) {
      const run = liveRun(service);
      must(run === undefined || this.runs.has(run.id), `${name}: a live run is carried out`);
      const { reactor } = service.spec;
      if (run !== undefined && usesReactor(run) && reactor !== undefined) {
        must((reactors.get(reactor) ?? run.batch) === run.batch, `one build in reactor ${reactor}`);
        reactors.set(reactor, run.batch);
      }
      if (state.phase !== 'running') continue;
      const dirtyAndIdle = service.pending !== undefined && service.activity.kind !== 'running';
      const waits = service.activity.kind === 'running' && service.activity.run.atGate;
      must(
        state.holds.has(name) === (dirtyAndIdle || waits),
        `${name}: exactly the dirty that do not run are held`,
      );
    }
    if (state.phase === 'running')
      expect(this.told, 'what was said about holds is what holds').toEqual(state.holds);
  }

  private heard(event: EventBody): void {
    this.events.push(event);
    if (event.type === 'service.held') {
      must(
        JSON.stringify(this.told.get(event.service)) !== JSON.stringify(event.hold),
        'a hold is not said twice',
      );
      this.told.set(event.service, event.hold);
    } else if (event.type === 'service.released') {
      must(this.told.delete(event.service), 'only what was held is released');
    }
  }
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}

function fakeArtifact(service: string): NonNullable<RunFinished['artifact']> {
  const repository = `localhost:5001/${service}`;
  return {
    service,
    repository,
    tag: 't',
    digest: `sha256:${'0'.repeat(64)}`,
    pullRepository: repository,
    inputHash: 'h',
  };
}
