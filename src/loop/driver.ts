/**
 * The loop's hands: takes messages one after the other, hands them to `reduce`, and performs the effects. Decides nothing.
 * The only place where time and events become messages and where a run's AbortController is made; a run is reported as
 * finished only when its work has really ended.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ProjectConfig, ServiceConfig } from '../config/model.ts';
import type { Artifact, Emit } from '../events.ts';
import type { CancelReason, Outcome } from '../outcome.ts';
import type { Fingerprint, GitProbe, InputScanner, Scan, Wake, Watcher } from '../watch/types.ts';
import { prepare, type Member, type Prepared, type Unfinished } from './prepare.ts';
import { reduce } from './reducer.ts';
import { createRunReporter, type RunReporter } from './reporter.ts';
import { buildImage, deploy, type Applied } from './run.ts';
import {
  initialState,
  type Effect,
  type LookResult,
  type LoopState,
  type Message,
  type RunOrder,
  type ServiceSpec,
  type Timer,
  type UserMessage,
} from './state.ts';
import type { BuildParts, Clock, Records, WorkParts } from './types.ts';
import { createWrittenFiles } from './written.ts';

/** What the loop is made from. */
export interface LoopParts {
  /** The project with the services that take part in the session. */
  readonly config: ProjectConfig;
  readonly work: WorkParts;
  readonly scanner: InputScanner;
  readonly createWatcher: (hooks: WatcherHooks) => Watcher;
  readonly git: GitProbe;
  readonly records: Records;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Reads the configuration again, for the same services and profiles. */
  readonly reload: () => Promise<Outcome<Reloaded>>;
  /** Whether a service's unit tests run with its build. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  /** Batches that may keep this machine busy at once. */
  readonly limit: number;
}

/** What a watcher is told by the loop. */
export interface WatcherHooks {
  readonly onWake: (wake: Wake) => void;
  /** Milliseconds between two looks where events do not arrive: fifty times what a look costs, within bounds. */
  readonly pollMs: () => number;
}

/** A configuration read again, with parts that fit it (another registry needs another image builder). */
export interface Reloaded {
  readonly config: ProjectConfig;
  readonly work: WorkParts;
}

/** The running loop. */
export interface Loop {
  /** Runs until it is asked to stop. Resolves when nothing of it runs any more; rejects only for bugs. */
  start(): Promise<void>;
  /** Passes on a key, a signal, or the state of the cluster's connection. Messages before `start` wait for it. */
  send(message: UserMessage): void;
  state(): LoopState;
}

/** Makes a loop; nothing happens before `start`. */
export function createLoop(parts: LoopParts): Loop {
  return new Driver(parts);
}

class Driver implements Loop {
  readonly #parts: LoopParts;
  readonly #written;
  readonly #watcher: Watcher;
  #config: ProjectConfig;
  #work: WorkParts;
  /** As it was read last, to tell whether the next reading brings anything new. */
  #lastRead: ProjectConfig;
  #state: LoopState;
  readonly #queue: Message[] = [];
  #draining = false;
  #started = false;
  readonly #timers = new Map<Timer, () => void>();
  readonly #controllers = new Map<number, AbortController>();
  readonly #gates = new Map<number, (open: boolean) => void>();
  readonly #applied: Applied = new Map();
  /** The last scan of each service, and while its jar is built, what the inputs were before. */
  readonly #seen = new Map<string, Scan>();
  readonly #building = new Map<string, { readonly run: number; readonly before: Scan }>();
  #watching: Promise<void> = Promise.resolve();
  #watchAnnounced = false;
  #lookMs = 0;
  #stopped!: () => void;
  #crashed!: (reason: unknown) => void;
  readonly #end: Promise<void>;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#config = this.#lastRead = parts.config;
    this.#work = parts.work;
    this.#state = initialState([], parts.limit);
    this.#written = createWrittenFiles((service, message, hint) =>
      parts.emit({ type: 'notice', level: 'warning', service, message, hint }),
    );
    this.#watcher = parts.createWatcher({
      onWake: (wake) => this.#woken(wake),
      pollMs: () => Math.min(5_000, Math.max(500, 50 * this.#lookMs)),
    });
    this.#end = new Promise((resolve, reject) => {
      this.#stopped = resolve;
      this.#crashed = reject;
    });
  }

  async start(): Promise<void> {
    this.#state = initialState(await this.#findSpecs(this.#config), this.#parts.limit);
    this.#started = true;
    this.#queue.unshift({ kind: 'started' });
    this.#drain();
    try {
      await this.#end;
    } finally {
      for (const disarm of this.#timers.values()) disarm();
      for (const controller of this.#controllers.values()) controller.abort('shutdown');
      await this.#watcher.close();
    }
  }

  send(message: UserMessage): void {
    // A cluster that was away may come back as another one: nothing is known of what it has.
    if (message.kind === 'cluster-regained') this.#applied.clear();
    this.#tell(message);
  }

  state(): LoopState {
    return this.#state;
  }

  #tell(message: Message): void {
    this.#queue.push(message);
    this.#drain();
  }

  #drain(): void {
    if (this.#draining || !this.#started) return;
    this.#draining = true;
    try {
      for (let message = this.#queue.shift(); message !== undefined; message = this.#queue.shift()) {
        const { state, effects } = reduce(this.#state, message);
        this.#state = state;
        for (const effect of effects) this.#perform(effect);
      }
    } catch (error) {
      this.#crashed(error);
    } finally {
      this.#draining = false;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'emit':
        this.#parts.emit(effect.event);
        break;
      case 'look':
        this.#watch(this.#look(effect.services));
        break;
      case 'start-batch':
        this.#startBatch(effect.orders);
        break;
      case 'cancel-run':
        this.#controllers.get(effect.run)?.abort(effect.reason satisfies CancelReason);
        break;
      case 'open-gate':
        this.#gates.get(effect.run)?.(true);
        break;
      case 'arm-timer':
        this.#timers.get(effect.timer)?.();
        this.#timers.set(
          effect.timer,
          this.#parts.clock.after(effect.ms, () => this.#tell({ kind: 'timer-fired', timer: effect.timer })),
        );
        break;
      case 'disarm-timer':
        this.#timers.get(effect.timer)?.();
        this.#timers.delete(effect.timer);
        break;
      case 'reload-config':
        this.#watch(this.#reload());
        break;
      case 'exit':
        this.#stopped();
        break;
    }
  }

  /** Work that must not reject; if it does, that is a bug and ends the loop. */
  #watch(work: Promise<void>): void {
    work.catch((error: unknown) => this.#crashed(error));
  }

  #woken(wake: Wake): void {
    if (wake.polled) {
      this.#tell({ kind: 'look-due' });
      return;
    }
    const { services, paths, config } = wake.all
      ? ({ services: 'all', paths: [], config: true } as const)
      : this.#parts.scanner.concern(wake.paths);
    if (services === 'all' || services.length > 0 || config) {
      this.#tell({ kind: 'files-changed', services, paths, config });
    }
  }

  async #look(names: readonly string[]): Promise<void> {
    const { git, scanner, clock } = this.#parts;
    const operation = await git.look();
    if (operation !== undefined) {
      this.#tell({ kind: 'git-busy', operation });
      return;
    }
    const startedMs = clock.now();
    const results: LookResult[] = [];
    let regroup = false;
    for (const service of this.#config.services) {
      if (!names.includes(service.name)) continue;
      const scan = await scanner.scan(service);
      const { changed } = scanner.compare(this.#seen.get(service.name), scan);
      regroup ||= this.#seen.has(service.name) && changed.some(({ role }) => role === 'build-file');
      this.#seen.set(service.name, scan);
      results.push({
        service: service.name,
        fingerprint: this.#fingerprintFor(service.name, scan),
        paths: changed.map(({ path }) => path),
        settlesInMs: scan.settlesInMs,
      });
    }
    this.#lookMs = clock.now() - startedMs;
    if (regroup) this.#tell({ kind: 'specs-found', services: await this.#findSpecs(this.#config) });
    this.#tell({ kind: 'git-free' });
    this.#tell({ kind: 'rescanned', results });
    this.#watching = this.#watching.then(() => this.#watchFolders());
    await this.#watching;
  }

  /** What a build is known to write into its own inputs does not supersede it. */
  #fingerprintFor(service: string, scan: Scan): Fingerprint {
    const building = this.#building.get(service);
    if (building === undefined) return scan.fingerprint;
    const { build, tests } = building.before.fingerprint;
    const difference = this.#parts.scanner.compare(building.before, scan);
    const moved = this.#written.moved(service, building.run, difference, false);
    return moved ? scan.fingerprint : { ...scan.fingerprint, build, tests };
  }

  async #watchFolders(): Promise<void> {
    const folders = new Map<string, string>();
    const files = new Set<string>();
    for (const scan of this.#seen.values()) {
      for (const [folder, identity] of scan.folders) folders.set(folder, identity);
      if (!this.#watchAnnounced) for (const path of scan.files.keys()) files.add(path);
    }
    const added = await this.#watcher.watch(folders);
    if (!this.#watchAnnounced) {
      this.#watchAnnounced = true;
      this.#parts.emit({ type: 'watch.started', files: files.size, ...this.#watcher.mode() });
    }
    // What happened in a folder before it was watched raised no event.
    if (added > 0) this.#tell({ kind: 'look-due' });
  }

  #startBatch(orders: readonly RunOrder[]): void {
    const jobs: { readonly member: Member; readonly reporter: RunReporter }[] = [];
    for (const order of orders) {
      const service = this.#config.services.find(({ name }) => name === order.service);
      if (service === undefined) continue;
      const controller = new AbortController();
      this.#controllers.set(order.run, controller);
      const reporter = createRunReporter({
        service: order.service,
        run: order.run,
        emit: this.#parts.emit,
        now: () => this.#parts.clock.now(),
        onStage: (stage) =>
          this.#tell({ kind: 'stage-reached', service: order.service, run: order.run, stage }),
      });
      const { run, route, force, fingerprint: expected } = order;
      const { report } = reporter;
      jobs.push({
        member: { service, run, route, force, expected, signal: controller.signal, report },
        reporter,
      });
    }
    const parts = this.#buildParts();
    const prepared = prepare(
      jobs.map(({ member }) => member),
      parts,
      {
        jarStarted: ({ service, run }, before) => this.#building.set(service.name, { run, before }),
        jarEnded: ({ service }) => this.#building.delete(service.name),
        accepted: ({ service, run }, fingerprint) =>
          this.#tell({ kind: 'inputs-accepted', service: service.name, run, fingerprint }),
      },
    );
    for (const { member, reporter } of jobs) {
      const ready = prepared.get(member);
      if (ready !== undefined) this.#watch(this.#run(member, reporter, ready, parts));
    }
  }

  async #run(
    member: Member,
    reporter: RunReporter,
    prepared: Promise<Prepared | Unfinished>,
    parts: BuildParts,
  ): Promise<void> {
    let artifact: Artifact | undefined;
    let result: Outcome<unknown> | Unfinished = await buildImage(member, await prepared, parts);
    if (result.kind === 'ok') {
      artifact = result.value as Artifact | undefined;
      result = await deploy(member, artifact, parts, this.#applied, () => this.#gate(member));
    }
    reporter.close(result.kind);
    this.#controllers.delete(member.run);
    this.#gates.delete(member.run);
    this.#tell({
      kind: 'run-finished',
      service: member.service.name,
      run: member.run,
      result: result.kind === 'ok' ? { kind: 'ok' } : result,
      ms: reporter.elapsedMs(),
      stages: reporter.timings(),
      ...(artifact === undefined ? {} : { artifact }),
      ...('artifactLost' in result ? { artifactLost: true } : {}),
    });
  }

  #gate({ service, run, signal }: Member): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(false), { once: true });
      this.#gates.set(run, resolve);
      this.#tell({ kind: 'gate-reached', service: service.name, run });
    });
  }

  #buildParts(): BuildParts {
    const { scanner, records, testsRun } = this.#parts;
    const written = this.#written;
    return { ...this.#work, scanner, records, written, testsRun, projectRoot: this.#config.root };
  }

  async #reload(): Promise<void> {
    const outcome = await this.#parts.reload();
    if (outcome.kind === 'failed') {
      this.#tell({ kind: 'config-rejected', error: outcome.error });
      return;
    }
    if (outcome.kind === 'cancelled' || isDeepStrictEqual(outcome.value.config, this.#lastRead)) {
      this.#tell({ kind: 'config-kept' });
      return;
    }
    const { config, work } = outcome.value;
    if (!isDeepStrictEqual(config.cluster, this.#lastRead.cluster)) {
      this.#parts.emit({
        type: 'notice',
        level: 'warning',
        message: 'the `cluster` section changed; this session stays with the cluster that it was started for',
        hint: 'restart appdev to use the other one',
      });
    }
    this.#lastRead = config;
    this.#config = { ...config, cluster: this.#config.cluster };
    this.#work = work;
    this.#parts.scanner.configure(this.#config);
    const services = await this.#findSpecs(this.#config);
    for (const name of this.#seen.keys()) {
      if (!services.some((spec) => spec.name === name)) this.#seen.delete(name);
    }
    this.#tell({ kind: 'config-reloaded', services, profiles: config.profiles });
  }

  async #findSpecs(config: ProjectConfig): Promise<readonly ServiceSpec[]> {
    const specs: ServiceSpec[] = [];
    for (const service of config.services) {
      const reactor = service.jar === undefined ? undefined : await this.#work.jarBuilder.reactorOf(service);
      specs.push({
        name: service.name,
        // Where the reactor cannot be told, the build will say why; until then the service is on its own.
        ...(reactor === undefined ? {} : { reactor: reactor.kind === 'ok' ? reactor.value : service.path }),
        builds: service.image !== undefined,
        tests: this.#parts.testsRun(service),
        needs: service.needs,
        manual: service.dev.trigger === 'manual',
      });
    }
    return specs;
  }
}
