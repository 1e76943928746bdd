/**
 * Looks at everything that a service is made from and says what it is as hashes, and what differs between two looks.
 * Owns what is known of unchanged files. Decides nothing: whether a difference is worth a run is the loop's question.
 */
import { createHash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import type { JarBuilder } from '../build/types.ts';
import type { ProjectConfig, ServiceConfig } from '../config/model.ts';
import { classify, decidesBuild, decidesDeploy, isWithin } from './classify.ts';
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
import type { ChangedFile, Difference, InputScanner, Role, Scan } from './types.ts';
import { walk, type Note } from './walk.ts';

/** What a scanner is made from. */
export interface ScannerParts {
  readonly config: ProjectConfig;
  readonly jarBuilder: Pick<JarBuilder, 'inputsOf'>;
  /** Whether a service's unit tests run in this session: only then are test sources inputs. */
  readonly testsRun: (service: ServiceConfig) => boolean;
  /** Wall clock, milliseconds since the epoch: compared with the times of files. */
  readonly now: () => number;
  /** Told once of everything in a tree that cannot be an input. */
  readonly note: (service: string, note: Note) => void;
  /** Whatever else decides jar and image, as text: versions of JDK and build tool. */
  readonly toolchain: string;
  /** Where images go, as text: another registry means another reference in the manifests. */
  readonly target: string;
}

/** What is remembered of a service between two looks. */
interface Known {
  readonly inputs: Inputs;
  /** Hash of the files that name inputs: when they change, the roots are found anew. Empty: find them anew anyway. */
  readonly naming: string;
  readonly targets: ReadonlySet<string>;
  readonly scan: DiskScan;
}

interface DiskScan extends Scan {
  readonly files: Snapshot;
  readonly roles: ReadonlyMap<string, Role>;
}

/** Roles of files that may name other inputs: a new module, base, local chart or COPY. */
const namingRoles: ReadonlySet<Role> = new Set(['build-file', 'containerfile', 'overlay', 'chart']);

/** Makes a scanner over the real disk. */
export function createScanner(parts: ScannerParts): InputScanner {
  const { jarBuilder, now } = parts;
  let config = parts.config;
  const git = createGitRule();
  const known = new Map<string, Known>();
  const noted = new Set<string>();

  /** The roots now, and whether the build tool's own answer is among them. */
  async function findInputs(
    service: ServiceConfig,
    fallback: Inputs | undefined,
  ): Promise<[Inputs, boolean]> {
    if (service.jar === undefined) return [inputsOf({ config, service, jar: [], git }), true];
    const found = await jarBuilder.inputsOf(service);
    if (found.kind === 'ok') return [inputsOf({ config, service, jar: found.value, git }), true];
    const usual = ['pom.xml', 'src'].map((name) => join(service.path, name));
    return [fallback ?? inputsOf({ config, service, jar: usual, git }), false];
  }

  async function look(service: ServiceConfig, inputs: Inputs, before: DiskScan | undefined) {
    const startedMs = now();
    const walked = await walk(inputs.roots);
    const snapshot = await takeSnapshot(walked.files, before?.files ?? new Map<string, Entry>(), startedMs);
    const roles = new Map<string, Role>();
    for (const path of snapshot.keys()) {
      const role = before?.roles.get(path) ?? classify(path, inputs.roots, config.root);
      if (role !== undefined) roles.set(path, role);
    }
    const { fingerprint, naming } = hashes(config.root, service, snapshot, roles, parts);
    noteOnce(service.name, walked.notes, snapshot);
    const scan: DiskScan = {
      service: service.name,
      fingerprint,
      settlesInMs: settlesInMs(snapshot, startedMs),
      files: snapshot,
      folders: walked.folders,
      roles,
    };
    return { scan, naming, targets: walked.targets };
  }

  /** Also those that may come to be: a personal overlay written while the loop runs counts at once. */
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
      // The roots follow from the configuration; what is known of the files' content stays.
      for (const [name, entry] of known) known.set(name, { ...entry, naming: '' });
    },

    async scan(service) {
      git.refresh();
      const entry = known.get(service.name);
      let before = entry?.scan;
      let inputs = entry?.inputs;
      let complete = entry?.naming !== '';
      if (inputs === undefined || !complete) {
        [inputs, complete] = await findInputs(service, inputs);
        before = before && { ...before, roles: new Map() };
      }
      let seen = await look(service, inputs, before);
      if (complete && entry !== undefined && entry.naming !== '' && entry.naming !== seen.naming) {
        [inputs, complete] = await findInputs(service, inputs);
        seen = await look(service, inputs, before && { ...before, roles: new Map() });
      }
      known.set(service.name, {
        inputs,
        naming: complete ? seen.naming : '',
        targets: seen.targets,
        scan: seen.scan,
      });
      return seen.scan;
    },

    compare(before, after) {
      const old = before as DiskScan | undefined;
      const next = after as DiskScan;
      const diff = diffSnapshots(old?.files ?? new Map<string, Entry>(), next.files);
      git.refresh();
      const describe = (path: string): ChangedFile => {
        const role = next.roles.get(path) ?? old?.roles.get(path) ?? 'context';
        return {
          path: nameOf(config.root, path),
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

function hashes(
  root: string,
  service: ServiceConfig,
  snapshot: Snapshot,
  roles: ReadonlyMap<string, Role>,
  parts: ScannerParts,
): { readonly fingerprint: Scan['fingerprint']; readonly naming: string } {
  const of = (wanted: (role: Role) => boolean): string =>
    hashFiles(
      [...snapshot].flatMap(([path, entry]) =>
        wanted(roles.get(path) ?? 'context') ? [[nameOf(root, path), entry] as const] : [],
      ),
    );
  const settings = settingsOf(root, service);
  const buildable = service.jar !== undefined || service.image !== undefined;
  return {
    fingerprint: {
      build: buildable ? digest(of(decidesBuild), settings.build, parts.toolchain) : '',
      deploy: digest(of(decidesDeploy), settings.deploy, parts.target),
      tests: parts.testsRun(service) ? of((role) => role === 'test') : '',
    },
    naming: of((role) => namingRoles.has(role)),
  };
}

function digest(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}\n`);
  return hash.digest('hex');
}

function nameOf(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}
