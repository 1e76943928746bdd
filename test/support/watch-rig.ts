/**
 * A real folder with real watching, scanning and git probing around the real loop; only what would need Maven and a
 * cluster is a stand-in: its "build" reads the sources from disk file by file, its "cluster" remembers what was read. So a
 * test can compare what runs with what is on disk.
 */
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { JarInputs } from '../../src/build/types.ts';
import type { ProjectConfig, ServiceConfig } from '../../src/config/model.ts';
import type { EventBody } from '../../src/core/events.ts';
import { createLoop, type Loop } from '../../src/loop/drive/driver.ts';
import { createRecords } from '../../src/loop/work/records.ts';
import type { WorkParts } from '../../src/loop/work/types.ts';
import { cancelled, ok } from '../../src/core/outcome.ts';
import { createGitProbe } from '../../src/watch/git.ts';
import { createScanner } from '../../src/watch/scanner.ts';
import type { InputScanner } from '../../src/watch/types.ts';
import type { Note } from '../../src/watch/walk.ts';
import { createWatcher } from '../../src/watch/watcher.ts';
import { fakeProject, fakeService } from './fake-loop-parts.ts';
import { until } from './wait.ts';

/** A project `orders` in a temporary folder: src/main/java, src/main/resources, pom.xml, deploy/chart. */
export class WatchRig {
  readonly root: string = realpathSync(mkdtempSync(join(tmpdir(), 'appdev-watch-')));
  /** A folder beside the project, relative to it, whose files the builds read; it does not exist at first. */
  readonly beside = `../${basename(this.root)}-config`;
  readonly events: EventBody[] = [];
  readonly notes: Note[] = [];
  readonly notices: string[] = [];
  /** Sources that each build read, as one hash. */
  readonly built: string[] = [];
  /** What the cluster has. */
  deployed = '';
  /** As on a remote file system: the watcher is told the type, and a stand-in swallows all events that do arrive here. */
  eventless: string | undefined;
  /** Wake-ups by events that `eventless` swallowed. */
  swallowed = 0;
  services: readonly ServiceConfig[];
  /** The build tool's answer to what it reads. */
  inputs = (): JarInputs => {
    const paths = ['pom.xml', 'src/main', 'src/test'].map((name) => this.path(name));
    return { paths, sources: [], outputs: [] };
  };
  /** Called between two files that a build reads. */
  betweenReads: () => Promise<void> = () => Promise.resolve();
  #loop: Loop | undefined;
  #end: Promise<void> | undefined;

  constructor() {
    this.write('pom.xml', '<project/>');
    this.write('src/main/java/com/example/App.java', 'class App {}');
    this.write('src/main/resources/application.properties', 'a=1');
    this.write('src/test/java/com/example/AppTest.java', 'class AppTest {}');
    this.write('deploy/chart/Chart.yaml', 'name: orders');
    this.write('deploy/chart/values.yaml', 'replicas: 1');
    this.write('appdev.yaml', 'apiVersion: appdev/v1');
    const chart = join(this.root, 'deploy', 'chart');
    const { deploy, ...rest } = fakeService('orders', { reactor: this.root });
    this.services = [{ ...rest, deploy: { ...deploy, kind: 'helm', chart } as ServiceConfig['deploy'] }];
  }

  path(path: string): string {
    return join(this.root, path);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), text);
  }

  config(): ProjectConfig {
    const file = this.path('appdev.yaml');
    return { ...fakeProject(this.services), root: this.root, file, files: [file] };
  }

  scanner(more: { readonly tests?: boolean } = {}): InputScanner {
    return createScanner({
      config: this.config(),
      jarBuilder: { inputsOf: () => Promise.resolve(ok(this.inputs())) },
      testsRun: () => more.tests ?? false,
      now: Date.now,
      note: (_service, note) => this.notes.push(note),
      toolchain: 'jdk 17',
      target: 'localhost:5001',
    });
  }

  /** Starts the loop and waits for the first deploy and for the watches. */
  async start(): Promise<Loop> {
    const loop = createLoop({
      config: this.config(),
      work: this.#work(),
      images: [],
      scanner: this.scanner(),
      createWatcher: ({ onWake, pollMs }) =>
        createWatcher({
          onWake: (wake) => {
            if (this.eventless === undefined || wake.polled) onWake(wake);
            else this.swallowed += 1;
          },
          pollMs,
          notice: (message) => this.notices.push(message),
          eventlessType: () => this.eventless,
          pollAll: false,
        }),
      git: createGitProbe([this.root], Date.now, () => undefined),
      records: createRecords(this.path('.appdev')),
      clock: {
        now: () => performance.now(),
        after: (ms, callback) => {
          const timer = setTimeout(callback, ms);
          return () => {
            clearTimeout(timer);
          };
        },
      },
      emit: (event) => this.events.push(event),
      reload: () => Promise.resolve(ok({ config: this.config(), work: this.#work(), images: [] })),
      testsRun: () => false,
      limit: 2,
    });
    this.#loop = loop;
    this.#end = loop.start();
    await until('watching', () => this.events.some(({ type }) => type === 'watch.started'));
    await this.converged();
    return loop;
  }

  /** Waits until what runs is what is on disk and nothing is under way. */
  async converged(ms = 30_000): Promise<void> {
    await until('what runs to be what is on disk', () => this.isIdle() && this.deployed === this.tree(), {
      ms,
      describe: () => `${this.deployed === this.tree() ? 'same' : 'another'} tree, idle: ${this.isIdle()}`,
    });
  }

  isIdle(): boolean {
    const state = this.#loop?.state();
    if (state === undefined || state.looking.length > 0 || state.gathering !== undefined) return false;
    return [...state.services.values()].every(
      ({ activity, pending, touched }) => activity.kind === 'idle' && pending === undefined && !touched,
    );
  }

  runs(): number {
    return this.events.filter(({ type }) => type === 'run.started').length;
  }

  finished(): string[] {
    return this.events.flatMap((event) => (event.type === 'run.finished' ? [event.outcome] : []));
  }

  async stop(): Promise<void> {
    this.#loop?.send({ kind: 'shutdown-requested' });
    await this.#end;
    for (const path of [this.root, this.path(this.beside)]) rmSync(path, { recursive: true, force: true });
  }

  /** All that a Maven build would read, as one hash; computed without any of the code under test. */
  tree(): string {
    const hash = createHash('sha256');
    for (const path of this.#sources()) hash.update(`${path}\0`).update(readOr(this.path(path)));
    return hash.digest('hex');
  }

  #sources(): string[] {
    return [
      'pom.xml',
      ...[...listFiles(this.root, 'src/main'), ...listFiles(this.root, this.beside)].filter((path) =>
        /\.(java|properties)$/.test(path),
      ),
    ];
  }

  #work(): WorkParts {
    const unused = (): never => {
      throw new Error('not part of these tests');
    };
    return {
      target: 'localhost:5001',
      manifests: { has: () => Promise.resolve(ok(true)) },
      jarBuilder: {
        reactorOf: () => Promise.resolve(ok(this.root)),
        inputsOf: () => Promise.resolve(ok(this.inputs())),
        compile: unused,
        package: async (_request, { report, signal }) => {
          report.started('compile');
          const hash = createHash('sha256');
          for (const path of this.#sources()) {
            hash.update(`${path}\0`).update(readOr(this.path(path)));
            await this.betweenReads();
            if (signal.aborted) {
              report.finished('compile', 'cancelled');
              return cancelled(signal);
            }
          }
          const sha256 = hash.digest('hex');
          this.built.push(sha256);
          report.finished('compile', 'ok');
          return ok(new Map([['orders', { service: 'orders', path: '', built: '', sha256 }]]));
        },
      },
      imageBuilder: {
        build: ({ service: { name }, jar, inputHash }) => {
          const digest = jar?.sha256 ?? '';
          return Promise.resolve(
            ok({ service: name, repository: name, pullRepository: name, tag: 't', digest, inputHash }),
          );
        },
      },
      publish: () => Promise.resolve(ok(undefined)),
      renderer: {
        render: ({ name }, artifact) => {
          // The chart is read now; the sources are in the image.
          const hash = `${artifact?.digest ?? ''} ${readOr(this.path('deploy/chart/values.yaml'))}`;
          return Promise.resolve(ok({ service: name, namespace: 'n', objects: [], yaml: '', hash }));
        },
      },
      way: {
        apply: (_service, rendered, { report }) => {
          report.started('apply');
          this.deployed = rendered.hash.split(' ')[0] ?? '';
          report.finished('apply', 'ok');
          return Promise.resolve(ok({ changed: true, detail: '' }));
        },
        settle: () => Promise.resolve(ok([])),
      },
      observer: {
        awaitReady: () => Promise.resolve(ok(undefined)),
        verify: unused,
      },
    };
  }
}

function listFiles(root: string, folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(join(root, folder)).sort();
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const path = `${folder}/${name}`;
    const stat = statSync(join(root, path), { throwIfNoEntry: false });
    if (stat === undefined) return [];
    return stat.isDirectory() ? listFiles(root, path) : [path];
  });
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
