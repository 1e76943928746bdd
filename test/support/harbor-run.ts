/**
 * Whole runs of the shipped appdev against a fake Harbor, each as on a machine that has done nothing before: its own
 * image storage and cache, no state in the project, a project that Harbor does not have yet. The service is one small
 * file on an empty base from the same Harbor, so that a run takes little more than what it asks.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppdevError } from '../../src/core/errors.ts';
import type { FakeHarbor } from './fake-harbor/fake-harbor.ts';
import type { Robot, StoredArtifact } from './fake-harbor/state.ts';
import { pushImage } from './registry.ts';
import { createRig, eventsIn, type Rig } from './rig.ts';

/** What a machine keeps of appdev and Buildah, in a folder: nothing at first. */
export interface Machine {
  /** Path of Buildah's configuration of its storage. */
  readonly storage: string;
  readonly cache: string;
  remove(): void;
}

/** Makes one. The folder must not exist. */
export function emptyMachine(folder: string): Machine {
  mkdirSync(folder);
  const storage = join(folder, 'storage.conf');
  const [graph, run] = [join(folder, 'graph'), join(folder, 'run')];
  writeFileSync(storage, `[storage]\ndriver = "vfs"\ngraphroot = "${graph}"\nrunroot = "${run}"\n`);
  return {
    storage,
    cache: join(folder, 'cache'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Writes the sources of the service: one small file on a base that a build argument names. */
export function writeLetter(folder: string, text: string): void {
  writeFileSync(join(folder, 'Containerfile'), 'ARG BASE\nFROM ${BASE}\nCOPY text /text\n');
  writeFileSync(join(folder, 'text'), text);
}

/** What a run came to. */
export interface HarborRun {
  readonly code: number | null;
  /** All that it printed. */
  readonly output: string;
  /** Of its end; absent after a success. */
  readonly error: AppdevError | undefined;
}

/** A project whose runs are told apart by what Harbor calls their project. */
export interface HarborRuns {
  readonly rig: Rig;
  /** Forgets everything that earlier runs left on this machine, and edits the service: the next run is a first one. */
  fresh(project: string): void;
  /** `appdev run --profile prod --create-project`. */
  run(): Promise<HarborRun>;
  /** The image that the cluster's Deployment names; undefined if there is none. */
  deployed(): string | undefined;
  /** What Harbor has of the current project's service. */
  pushed(): readonly StoredArtifact[];
  dispose(): Promise<void>;
}

/** What the Harbor of such runs holds before the first: an empty base, in a project that anybody may read. */
export async function pushBase(backend: string): Promise<void> {
  const emptyTar = '\0'.repeat(1024);
  await pushImage(backend, 'library/empty', '1', emptyTar, fetch, { history: [{ created_by: 'test' }] });
}

/** A system robot with what docs/harbor.md lists, for all projects and for making them. */
export function deliveryRobot({ state }: FakeHarbor): Robot {
  const access = [
    { resource: 'repository', action: 'push' },
    { resource: 'repository', action: 'pull' },
    { resource: 'artifact', action: 'read' },
    { resource: 'scan', action: 'create' },
    { resource: 'artifact-addition', action: 'read' },
  ];
  return state.createRobot(
    'delivery',
    'system',
    [
      { kind: 'system', namespace: '/', access: [{ resource: 'project', action: 'create' }] },
      { kind: 'project', namespace: '*', access },
    ],
    -1,
  );
}

const config = `apiVersion: appdev/v1
name: letters
services:
  letter:
    path: .
    image: { containerfile: Containerfile, buildArgs: { BASE: '\${HARBOR}/library/empty:1' } }
    deploy: { manifests: [letter.yaml] }
profiles:
  - name: prod
    overlay:
      registry: { push: '\${HARBOR}/\${PROJECT}', insecure: true, harbor: { scan: { severity: high } } }
`;

/** None of its pods run: no node knows the way to this Harbor. */
const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: { name: letter }
spec:
  replicas: 0
  selector: { matchLabels: { app: letter } }
  template:
    metadata: { labels: { app: letter } }
    spec: { containers: [{ name: letter, image: letter }] }
`;

/**
 * Makes one in a folder.
 *
 * @param address how appdev reaches the Harbor, `host:port`: a proxy's.
 */
export function createHarborRuns(
  folder: string,
  address: string,
  { harbor, robot }: { readonly harbor: FakeHarbor; readonly robot: Robot },
): HarborRuns {
  const source = join(folder, 'project');
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'appdev.yaml'), config);
  writeLetter(source, '');
  writeFileSync(join(source, 'letter.yaml'), manifest);
  let machine = emptyMachine(join(folder, 'machine'));
  const env = {
    CI: 'true',
    HARBOR: address,
    PROJECT: '',
    CONTAINERS_STORAGE_CONF: machine.storage,
    XDG_CACHE_HOME: machine.cache,
    APPDEV_REGISTRY_USER: robot.name,
    APPDEV_REGISTRY_PASSWORD: robot.secret,
  };
  const rig = createRig({ project: source, env });
  const repository = (): string => `${rig.env['PROJECT'] ?? ''}/letter`;

  const forget = (): void => {
    machine.remove();
    rmSync(join(rig.folder, '.appdev'), { recursive: true, force: true });
  };

  return {
    rig,
    fresh(project) {
      forget();
      machine = emptyMachine(join(folder, 'machine'));
      rig.write('text', project);
      rig.env['PROJECT'] = project;
    },
    async run() {
      const args = ['run', '--profile', 'prod', '--create-project', '--output', 'json'];
      const { code, stdout, stderr } = await rig.appdev(...args);
      const events = eventsIn(stdout);
      const end = events.find((event) => event.type === 'session.finished');
      return { code, output: stdout + stderr, error: end?.error };
    },
    deployed() {
      const path = 'jsonpath={.spec.template.spec.containers[0].image}';
      const image = rig.kubectl('get', 'deployment', 'letter', '--ignore-not-found', '-o', path);
      return image === '' ? undefined : image;
    },
    pushed: () => harbor.state.artifacts.filter((artifact) => artifact.repository === repository()),
    async dispose() {
      await rig.dispose();
      forget();
    },
  };
}
