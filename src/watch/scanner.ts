/**
 * Looks at everything that a service is made from, and returns it as hashes and as the difference between two looks.
 * Remembers unchanged files. Decides nothing: the loop decides whether a difference is worth a run.
 */
import { createHash } from 'node:crypto';
import { join, relative, resolve, sep } from 'node:path';
import type { JarBuilder, JarInputs } from '../build/types.ts';
import type { ProjectConfig, ServiceConfig } from '../config/model.ts';
import { decidesBuild, decidesDeploy, type Role } from '../core/role.ts';
import { classify, isWithin } from './classify.ts';
import { concerns, inputsOf, settingsOf, type Inputs } from './inputs.ts';
import { createGitRule } from './ignore.ts';
import {
  diffSnapshots,
  hashFiles,
  settlesInMs,
  takeSnapshot,
  unreadableHash,
  type Entry,
  type Snapshot,
} from './snapshot.ts';
import type { ChangedFile, Difference, InputScanner, Scan } from './types.ts';
import { walk, type Note } from './walk.ts';

/** What a scanner needs. */
export interface ScannerParts {
  readonly config: ProjectConfig;
  readonly jarBuilder: Pick<JarBuilder, 'inputsOf'>;
  /** True if a service's unit tests run in this session. Only then test sources are inputs. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  /** Wall clock, in milliseconds since the epoch. It is compared with the times of files. */
  readonly now: () => number;
  /** Called once for everything in a tree that cannot be an input. */
  readonly note: (service: string, note: Note) => void;
  /** Everything else that decides jar and image, as text: versions of JDK and build tool. */
  readonly toolchain: string;
  /** Where images go, as text: another registry means another reference in the manifests. */
  readonly target: string;
}

/** A service's roots. */
interface Found {
  readonly inputs: Inputs;
  /** False if the build tool could not answer. Then it is asked again at each look. */
  readonly complete: boolean;
}

/** The result of one look. */
interface Seen {
  readonly scan: DiskScan;
  readonly targets: ReadonlySet<string>;
}

interface DiskScan extends Scan {
  readonly files: Snapshot;
  readonly inputs: Inputs;
  readonly labels: ReadonlyMap<string, Label>;
  /** Hash of the files that name inputs. If it changes, the roots are searched again. */
  readonly naming: string;
}

/** What is known about a file besides its content. */
interface Label {
  readonly role: Role;
  /** Path relative to the project, with `/`. */
  readonly name: string;
}

type NamedEntry = readonly [name: string, entry: Entry];

/** Roles of files that may name other inputs: a new module, base, local chart or COPY. */
const namingRoles: ReadonlySet<Role> = new Set(['build-file', 'containerfile', 'overlay', 'chart']);

const noInputs: JarInputs = { paths: [], sources: [], outputs: [] };

/** Returns a scanner over the real disk. */
export function createScanner(parts: ScannerParts): InputScanner {
  const { jarBuilder, now } = parts;
  let config = parts.config;
  const git = createGitRule();
  const known = new Map<string, Found & Seen>();
  const noted = new Set<string>();

  async function findInputs(service: ServiceConfig, fallback: Inputs | undefined): Promise<Found> {
    if (service.jar === undefined)
      return { inputs: inputsOf({ config, service, jar: noInputs, git }), complete: true };
    const found = await jarBuilder.inputsOf(service);
    if (found.kind === 'ok') {
      const complete = found.value.isGuess !== true;
      return { inputs: inputsOf({ config, service, jar: found.value, git }), complete };
    }
    const usual = usualInputs(service);
    return { inputs: fallback ?? inputsOf({ config, service, jar: usual, git }), complete: false };
  }

  async function look(service: ServiceConfig, inputs: Inputs, before: DiskScan | undefined): Promise<Seen> {
    const startedMs = now();
    const walked = await walk(inputs.roots);
    const files = await takeSnapshot(walked.files, before?.files ?? new Map<string, Entry>(), startedMs);
    noteOnce(service.name, walked.notes, files);
    const unchanged = before !== undefined && before.inputs === inputs && sameContent(before.files, files);
    const labels = unchanged ? before.labels : labelsOf(files, inputs, before);
    const scan: DiskScan = {
      service: service.name,
      ...(unchanged ? before : hashes(service, files, labels)),
      settlesInMs: settlesInMs(files, startedMs),
      files,
      folders: walked.folders,
      inputs,
      labels,
    };
    return { scan, targets: walked.targets };
  }

  function labelsOf(
    files: Snapshot,
    inputs: Inputs,
    before: DiskScan | undefined,
  ): ReadonlyMap<string, Label> {
    const known = before?.inputs === inputs ? before.labels : undefined;
    const labels = new Map<string, Label>();
    for (const path of files.keys()) {
      const role = classify(path, inputs.roots, config.root) ?? 'context';
      labels.set(path, known?.get(path) ?? { role, name: nameOf(config.root, path) });
    }
    return labels;
  }

  function hashes(
    service: ServiceConfig,
    files: Snapshot,
    labels: ReadonlyMap<string, Label>,
  ): Pick<DiskScan, 'fingerprint' | 'naming'> {
    const groups = { build: [], deploy: [], tests: [], naming: [] } satisfies Record<string, NamedEntry[]>;
    const { build, deploy, tests, naming }: Record<keyof typeof groups, NamedEntry[]> = groups;
    for (const [path, entry] of files) {
      const { role, name } = labels.get(path) ?? { role: 'context', name: path };
      if (decidesBuild(role)) build.push([name, entry]);
      if (decidesDeploy(role)) deploy.push([name, entry]);
      if (role === 'test') tests.push([name, entry]);
      if (namingRoles.has(role)) naming.push([name, entry]);
    }
    const settings = settingsOf(config.root, service);
    const isBuilt = service.jar !== undefined || service.image !== undefined;
    return {
      fingerprint: {
        build: isBuilt ? digest(hashFiles(build), settings.build, parts.toolchain) : '',
        deploy: digest(hashFiles(deploy), settings.deploy, parts.target),
        tests: parts.testsRun(service) ? hashFiles(tests) : '',
      },
      naming: hashFiles(naming),
    };
  }

  /** Includes files that may be created: a personal overlay written while the loop runs counts at once. */
  function configFiles(): readonly string[] {
    return [...config.files, join(config.root, 'appdev.local.yaml'), join(config.root, '.env')];
  }

  function noteOnce(service: string, notes: readonly Note[], snapshot: Snapshot): void {
    const unreadable = [...snapshot].filter(([, entry]) => entry.hash === unreadableHash);
    for (const note of [...notes, ...unreadable.map(([path]): Note => ({ path, why: 'unreadable' }))]) {
      if (noted.has(note.path)) continue;
      noted.add(note.path);
      parts.note(service, note);
    }
  }

  return {
    configure(next) {
      config = next;
      // The roots depend on the configuration. What is known about the files' content stays.
      for (const [name, entry] of known) known.set(name, { ...entry, complete: false });
    },

    async scan(service) {
      git.refresh();
      const entry = known.get(service.name);
      let { inputs, complete } = entry ?? (await findInputs(service, undefined));
      if (entry?.complete === false) ({ inputs, complete } = await findInputs(service, inputs));
      let seen = await look(service, inputs, entry?.scan);
      if (entry?.complete === true && entry.scan.naming !== seen.scan.naming) {
        ({ inputs, complete } = await findInputs(service, inputs));
        seen = await look(service, inputs, entry.scan);
      }
      known.set(service.name, { inputs, complete, ...seen });
      return seen.scan;
    },

    compare(before, after) {
      const old = before as DiskScan;
      const next = after as DiskScan;
      const diff = diffSnapshots(old.files, next.files);
      git.refresh();
      const describe = (path: string): ChangedFile => {
        const { role, name } = next.labels.get(path) ??
          old.labels.get(path) ?? { role: 'context', name: path };
        return {
          path: name,
          role,
          buildInput: decidesBuild(role) || (role === 'test' && next.fingerprint.tests !== ''),
          gitIgnored: git.ignores(path, false),
        };
      };
      return {
        changed: diff.changed.map(describe),
        rewritten: diff.rewritten.map(describe),
      } satisfies Difference;
    },

    concern(paths) {
      const services = new Set<string>();
      const concerned: string[] = [];
      let isConfig = false;
      for (const path of paths) {
        const ofConfig = configFiles().includes(path);
        isConfig ||= ofConfig;
        let heeded = ofConfig;
        for (const service of config.services) {
          const entry = known.get(service.name);
          if (entry === undefined) continue;
          const linked = [...entry.targets].some((target) => isWithin(path, target));
          if (!linked && !concerns(path, entry.inputs)) continue;
          services.add(service.name);
          heeded = true;
        }
        if (heeded) concerned.push(path);
      }
      return { services: [...services], paths: concerned, config: isConfig };
    },
  };
}

function sameContent(before: Snapshot, after: Snapshot): boolean {
  if (before.size !== after.size) return false;
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old !== entry && (old?.hash !== entry.hash || old.executable !== entry.executable)) return false;
  }
  return true;
}

function digest(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}\n`);
  return hash.digest('hex');
}

function nameOf(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/**
 * The usual inputs of a jar, for as long as its build does not name them. A build script that does not even compile
 * must be watched, or its fix would not be seen.
 */
function usualInputs({ path, jar }: ServiceConfig): JarInputs {
  const module = jar?.module?.replace(/^:/, '').split(':').join('/') ?? '';
  const folders = new Set([path, resolve(path, module)]);
  const names = [
    'pom.xml',
    'build.gradle',
    'build.gradle.kts',
    'settings.gradle',
    'settings.gradle.kts',
    'src',
  ];
  const paths = [...folders].flatMap((folder) => names.map((name) => join(folder, name)));
  return { ...noInputs, paths };
}
