/**
 * Stand-ins for everything that the loop's driver works with: a disk in memory, a clock that is moved by hand, builders
 * and a deployer whose work ends when the test says so. Nothing here waits for time to pass.
 */
import type {
  Classes,
  CompileRequest,
  ImageRequest,
  Jar,
  JarRequest,
  WorkContext,
} from '../../src/build/types.ts';
import type { ProjectConfig, ServiceConfig } from '../../src/config/model.ts';
import type { Applied, OtherImage, Rendered } from '../../src/deploy/types.ts';
import type { Artifact, EventBody } from '../../src/core/events.ts';
import type { Stage } from '../../src/core/routes.ts';
import type { LoopParts } from '../../src/loop/drive/driver.ts';
import type { WatcherHooks } from '../../src/loop/drive/looks.ts';
import type { MonotonicClock } from '../../src/support/clock.ts';
import type { ManifestLookup, WorkParts } from '../../src/loop/work/types.ts';
import { createRecords } from '../../src/loop/work/records.ts';
import { cancelled, ok, type Outcome } from '../../src/core/outcome.ts';
import type { Role } from '../../src/core/role.ts';
import type { ChangedFile, Difference, InputScanner, Scan } from '../../src/watch/types.ts';

/** A service with a jar in the reactor `reactor`, an image and a chart. */
export function fakeService(
  name: string,
  more: Partial<ServiceConfig> & { reactor?: string } = {},
): ServiceConfig {
  const { reactor = '/p', ...rest } = more;
  return {
    name,
    path: reactor,
    jar: { tool: 'auto', args: [], tests: 'auto' },
    image: { repository: name, builder: 'buildah', source: { kind: 'layers', base: 'base' } },
    deploy: {
      kind: 'helm',
      chart: `/p/${name}/chart`,
      release: name,
      values: [],
      set: {},
      imageValues: { repository: 'image.repository', tag: 'image.tag' },
      deadlineMs: 1000,
      restartsAllowed: 0,
    },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
    ...rest,
  };
}

/** A service that is a chart and nothing else. */
export function fakeChart(name: string, more: Partial<ServiceConfig> = {}): ServiceConfig {
  const { path, deploy, dev, needs } = fakeService(name);
  return { name, path, deploy, dev, needs, ...more };
}

export function fakeProject(services: readonly ServiceConfig[]): ProjectConfig {
  return {
    file: '/p/appdev.yaml',
    root: '/p',
    name: 'p',
    profiles: [],
    cluster: { allow: [], createNamespace: false },
    keepImages: 3,
    ignore: [],
    services,
    files: ['/p/appdev.yaml'],
  };
}

interface FakeFile {
  readonly content: string;
  /** Grows with each write, as an inode or a time would. */
  readonly written: number;
}

interface FakeScan extends Scan {
  readonly files: ReadonlyMap<string, FakeFile>;
}

/**
 * A disk in memory that scans itself. Names say what files are: `<service>/chart/…` is chart, `<service>/test/…` test,
 * `…/pom.xml` a build file, `…/ignored…` git-ignored, the rest source.
 */
export class FakeDisk implements InputScanner {
  files: Map<string, FakeFile> = new Map();
  settlesInMs = 0;
  #services: readonly ServiceConfig[];
  #writes = 0;

  constructor(config: ProjectConfig) {
    this.#services = config.services;
    for (const { name } of config.services) {
      this.write(`${name}/App.java`, '1');
      this.write(`${name}/chart/values.yaml`, '1');
    }
  }

  write(path: string, content: string): void {
    this.#writes += 1;
    this.files.set(path, { content, written: this.#writes });
  }

  configure(config: ProjectConfig): void {
    this.#services = config.services;
  }

  scan(service: ServiceConfig): Promise<Scan> {
    const mine = [...this.files].filter(([path]) => path.startsWith(`${service.name}/`));
    const files = new Map(mine.map(([path, file]) => [`/p/${path}`, file]));
    const hash = (wanted: (role: Role) => boolean): string =>
      [...files]
        .filter(([path]) => wanted(roleOf(path)))
        .map(([path, { content }]) => `${path}=${content}`)
        .join(';');
    const scan: FakeScan = {
      service: service.name,
      fingerprint: {
        build: service.image === undefined ? '' : hash((role) => role === 'source' || role === 'build-file'),
        deploy: hash((role) => role === 'chart') + JSON.stringify(service.deploy),
        tests: '',
      },
      settlesInMs: this.settlesInMs,
      files,
      folders: new Map([[`/p/${service.name}`, '1']]),
    };
    return Promise.resolve(scan);
  }

  compare(before: Scan, after: Scan): Difference {
    const old = (before as FakeScan).files;
    const next = (after as FakeScan).files;
    const paths = [...new Set([...old.keys(), ...next.keys()])].sort();
    const changed = paths.filter((path) => old.get(path)?.content !== next.get(path)?.content);
    const rewritten = paths.filter(
      (path) => !changed.includes(path) && old.get(path)?.written !== next.get(path)?.written,
    );
    return { changed: changed.map(describe), rewritten: rewritten.map(describe) };
  }

  concern(paths: readonly string[]): { services: string[]; paths: readonly string[]; config: boolean } {
    const names = this.#services.map(({ name }) => name);
    const services = names.filter((name) => paths.some((path) => path.startsWith(`${name}/`)));
    return { services, paths, config: paths.includes('appdev.yaml') };
  }
}

function roleOf(path: string): Role {
  if (path.includes('/chart/')) return 'chart';
  if (path.includes('/test/')) return 'test';
  return path.endsWith('pom.xml') ? 'build-file' : 'source';
}

function describe(absolute: string): ChangedFile {
  const path = absolute.slice('/p/'.length);
  const role = roleOf(path);
  const buildInput = role === 'source' || role === 'build-file';
  return { path, role, buildInput, gitIgnored: path.includes('/ignored') };
}

/** A clock that stands still until it is moved. */
export class FakeClock implements MonotonicClock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass; what falls due happens in order, and what follows from it is awaited. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = due.at;
      due.callback();
    }
    this.#now = end;
    await settled();
  }
}

/** Awaits everything that is under way and needs no time. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** One piece of work under way, to be ended by the test. */
export interface FakeWork {
  readonly stage: Stage;
  readonly services: readonly string[];
  readonly signal: AbortSignal;
  /** What the work was given: sources of the jar build, the jar of the image, the hash of the manifests. */
  readonly input: string;
  end(outcome?: Outcome<unknown>): Promise<void>;
}

/** Builders and a deployer that wait for the test at each stage, unless the stage is in `automatic`. */
export class FakeWorkshop {
  readonly open: FakeWork[] = [];
  /** Everything ever begun, as `stage service…`. */
  readonly begun: string[] = [];
  readonly automatic: Set<Stage>;
  /** Services of which what only the version before needed was removed. */
  readonly settled: string[] = [];
  /** Digests that the fake registry has. */
  readonly registry: Set<string> = new Set();
  /** What the fake cluster was given last, by service. */
  readonly cluster: Map<string, string> = new Map();
  readonly #disk: FakeDisk;

  constructor(disk: FakeDisk, automatic: readonly Stage[]) {
    this.#disk = disk;
    this.automatic = new Set(automatic);
  }

  /** The one piece of work in this stage; fails if there is none. */
  work(stage: Stage, service?: string): FakeWork {
    const found = this.open.find(
      (work) => work.stage === stage && (service === undefined || work.services.includes(service)),
    );
    if (found === undefined)
      throw new Error(
        `no ${stage} is under way, only ${this.open.map((w) => `${w.stage} ${w.services.join()}`).join('; ')}`,
      );
    return found;
  }

  parts(): WorkParts {
    const manifests: ManifestLookup = {
      has: (artifact) => Promise.resolve(ok(this.registry.has(artifact.digest))),
    };
    return {
      target: 'localhost:5001',
      manifests,
      jarBuilder: {
        reactorOf: (service) => Promise.resolve(ok(service.path)),
        inputsOf: () => Promise.resolve(ok({ paths: [], sources: [], outputs: [] })),
        compile: (request, context) => this.#compile(request, context),
        package: (request, context) => this.#package(request, context),
      },
      imageBuilder: { build: (request, context) => this.#buildImage(request, context) },
      publish: () => Promise.resolve(ok(undefined)),
      renderer: {
        render: (service, artifact, context, others) => this.#render(service, artifact, context, others),
      },
      way: {
        apply: (service, rendered, context) => this.#apply(service, rendered, context),
        settle: ({ name }) => {
          this.settled.push(name);
          return Promise.resolve(ok([]));
        },
      },
      observer: {
        awaitReady: (service, rendered, context) =>
          this.#stage('rollout', [service.name], rendered.hash, context, undefined),
        verify: (service, rendered, context) =>
          this.#stage('verify', [service.name], rendered.hash, context, undefined),
      },
    };
  }

  async #compile(
    { services }: CompileRequest,
    context: WorkContext,
  ): Promise<Outcome<ReadonlyMap<string, Classes>>> {
    const names = services.map(({ name }) => name);
    // The compiler reads the files now.
    const classes = new Map(
      names.map((name): [string, Classes] => {
        const read = this.#disk.files.get(`${name}/App.java`)?.content ?? '';
        const own = [{ path: `/p/${name}/classes`, files: new Map([['App.class', read]]) }];
        return [name, { service: name, own, upstream: [] }];
      }),
    );
    const content = [...classes.values()].map(whatWasRead).join();
    return await this.#stage('compile', names, content, context, classes);
  }

  async #package({ services }: JarRequest, context: WorkContext): Promise<Outcome<ReadonlyMap<string, Jar>>> {
    const compiled = await this.#compile({ services }, context);
    if (compiled.kind !== 'ok') return compiled;
    const jars: ReadonlyMap<string, Jar> = new Map(
      [...compiled.value].map(([name, classes]) => [
        name,
        { service: name, path: `/p/${name}.jar`, built: `/p/${name}.jar`, sha256: whatWasRead(classes) },
      ]),
    );
    return await this.#stage('package', [...jars.keys()], '', context, jars);
  }

  async #buildImage(
    { service, jar, inputHash }: ImageRequest,
    context: WorkContext,
  ): Promise<Outcome<Artifact>> {
    const content = jar?.sha256 ?? '';
    const made = await this.#stage('image', [service.name], content, context, undefined);
    if (made.kind !== 'ok') return made;
    const repository = `localhost:5001/${service.name}`;
    const digest = `sha256:${service.name}-${content}`;
    const artifact: Artifact = {
      service: service.name,
      repository,
      pullRepository: repository,
      tag: 't',
      digest,
      inputHash,
      builder: { name: 'buildah' },
    };
    const pushed = await this.#stage('push', [service.name], digest, context, artifact);
    if (pushed.kind === 'ok') this.registry.add(digest);
    return pushed;
  }

  async #render(
    service: ServiceConfig,
    artifact: Artifact | undefined,
    context: WorkContext,
    others: readonly OtherImage[] = [],
  ): Promise<Outcome<Rendered>> {
    const values = this.#disk.files.get(`${service.name}/chart/values.yaml`)?.content ?? '';
    // `image:NAME` in the values stands for a manifest that names the image of that service.
    const named = others.filter((other) => values.includes(`image:${other.service}`));
    const uses = named.flatMap(({ artifact: used }) => (used === undefined ? [] : [used]));
    const lacks = named.flatMap((other) => (other.artifact === undefined ? [other.service] : []));
    const digests = [artifact?.digest ?? 'no image', ...uses.map(({ digest }) => digest)];
    const hash = `${digests.join(' and ')} values ${values}`;
    const name = service.name;
    const namespace = service.deploy.namespace ?? 'n';
    const rendered: Rendered = {
      ...{ service: name, namespace, objects: [], yaml: '', hash },
      ...{ uses, lacks },
    };
    return await this.#stage('render', [service.name], hash, context, rendered);
  }

  async #apply(service: ServiceConfig, rendered: Rendered, context: WorkContext): Promise<Outcome<Applied>> {
    const changed = this.cluster.get(service.name) !== rendered.hash;
    const outcome = await this.#stage('apply', [service.name], rendered.hash, context, {
      changed,
      detail: 'revision 1',
    });
    if (outcome.kind === 'ok') this.cluster.set(service.name, rendered.hash);
    return outcome;
  }

  async #stage<T>(
    stage: Stage,
    services: readonly string[],
    input: string,
    context: WorkContext,
    value: T,
  ): Promise<Outcome<T>> {
    const { signal, report } = context;
    if (signal.aborted) return cancelled(signal);
    report.started(stage);
    this.begun.push(`${stage} ${services.join(' ')}`);
    const outcome = this.automatic.has(stage)
      ? ok(value)
      : await this.#waitForTest(stage, services, input, signal, value);
    report.finished(stage, outcome.kind);
    return outcome;
  }

  #waitForTest<T>(
    stage: Stage,
    services: readonly string[],
    input: string,
    signal: AbortSignal,
    value: T,
  ): Promise<Outcome<T>> {
    return new Promise((resolve) => {
      const work: FakeWork = {
        stage,
        services,
        signal,
        input,
        end: async (outcome = ok(value)) => {
          this.open.splice(this.open.indexOf(work), 1);
          resolve(outcome as Outcome<T>);
          await settled();
        },
      };
      this.open.push(work);
    });
  }
}

/** All of it together, ready for `createLoop`. */
export class FakeLoopRig {
  readonly disk: FakeDisk;
  readonly clock: FakeClock = new FakeClock();
  readonly workshop: FakeWorkshop;
  readonly events: EventBody[] = [];
  readonly state: Map<string, unknown> = new Map();
  config: ProjectConfig;
  /** Services of the project that take no part in the session. */
  beside: readonly ServiceConfig[] = [];
  git: string | undefined;
  /** What reading the configuration again gives. */
  next: Outcome<ProjectConfig>;
  wake: WatcherHooks['onWake'] = () => undefined;
  watched: ReadonlyMap<string, string> = new Map();
  closed = false;
  limit = 2;

  constructor(services: readonly ServiceConfig[], automatic: readonly Stage[] = []) {
    this.config = fakeProject(services);
    this.next = ok(this.config);
    this.disk = new FakeDisk(this.config);
    this.workshop = new FakeWorkshop(this.disk, automatic);
  }

  parts(): LoopParts {
    const work = this.workshop.parts();
    return {
      config: this.config,
      work,
      images: [...this.config.services, ...this.beside],
      scanner: this.disk,
      createWatcher: ({ onWake }) => {
        this.wake = onWake;
        return {
          watch: (folders) => {
            const added = [...folders].filter(([path, id]) => this.watched.get(path) !== id).length;
            this.watched = new Map(folders);
            return Promise.resolve(added);
          },
          mode: () => ({ mode: 'events' }),
          close: () => {
            this.closed = true;
            return Promise.resolve();
          },
        };
      },
      git: { look: () => Promise.resolve(this.git) },
      records: createRecords('/p/.appdev', {
        read: (path) => Promise.resolve(this.state.get(path)),
        write: (path, value) => {
          this.state.set(path, structuredClone(value));
          return Promise.resolve(ok(undefined));
        },
      }),
      clock: this.clock,
      emit: (event) => this.events.push(event),
      reload: () =>
        Promise.resolve(
          this.next.kind === 'ok'
            ? ok({
                config: this.next.value,
                work,
                images: [...this.next.value.services, ...this.beside],
              })
            : this.next,
        ),
      testsRun: () => false,
      limit: this.limit,
    };
  }

  /** Writes files and lets their events arrive. */
  async save(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) this.disk.write(path, content);
    this.wake({ paths: Object.keys(files), all: false, polled: false });
    await settled();
  }

  /** Events of one type, oldest first. */
  told<T extends EventBody['type']>(type: T): Extract<EventBody, { type: T }>[] {
    return this.events.filter((event): event is Extract<EventBody, { type: T }> => event.type === type);
  }
}

/** The source that these classes were compiled from. */
function whatWasRead({ own }: Classes): string {
  return own[0]?.files.get('App.class') ?? '';
}
