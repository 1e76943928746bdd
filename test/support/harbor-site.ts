/**
 * A Harbor as a team has it, for end-to-end tests: by HTTPS under a private authority, with a scanner, a robot for
 * deliveries and the base image in its library. This machine reaches it on loopback, pods on the node's address, which is
 * its external one. It is the fake gateway; behind it is the sandbox's own registry, and from there the node pulls
 * (`registry.pull`), as from a mirror: no Harbor is known to the node.
 */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeCertificate } from './certificate.ts';
import { deliveryRobot } from './harbor-run.ts';
import { startFakeHarbor, type FakeHarbor } from './fake-harbor/fake-harbor.ts';
import { adminPassword, type Robot } from './fake-harbor/state.ts';
import { copySources, hasten } from './project-copy.ts';
import { kubectl } from './rig.ts';

/** The registry behind, by the name that the node pulls from. */
export const sandboxRegistry = 'localhost:5001';

/** What is cloned. */
export interface CloneSource {
  /** Folder of the project. */
  readonly folder: string;
  /** The project of Harbor that its profile `prod` pushes to. */
  readonly harborProject: string;
  /** Text at the end of its appdev.yaml: profiles that it does not have. */
  readonly profiles?: string;
}

/** A running one. */
export interface HarborSite {
  readonly harbor: FakeHarbor;
  readonly robot: Robot;
  /** Environment of a machine that delivers: the robot's login, the base in the library, and an empty cache of its own. */
  machine(): NodeJS.ProcessEnv;
  /** A fresh clone of a project whose profile `prod` has its registry here. Returns the folder. */
  clone(source: CloneSource): string;
  stop(): Promise<void>;
}

/** Starts it and copies the base image into its library. */
export async function startHarborSite(): Promise<HarborSite> {
  const top = mkdtempSync(join(tmpdir(), 'appdev-e2e-harbor-'));
  const folder = (name: string): string => mkdtempSync(join(top, `${name}-`));
  const path = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}';
  const node = kubectl(['get', 'nodes', '-o', `jsonpath=${path}`]);
  const { ca, pem } = makeCertificate(folder('tls'), ['127.0.0.1', node]);
  const harbor = await startFakeHarbor({
    registry: sandboxRegistry,
    tls: pem,
    addresses: ['127.0.0.1', node],
    external: node,
  });
  const { state } = harbor;
  state.scanners.push({ uuid: '1', name: 'standin', url: 'http://127.0.0.1:1', created: '' });
  const robot = deliveryRobot(harbor);
  await copyBase(harbor, ca, folder('base'));

  return {
    harbor,
    robot,
    machine: () => ({
      CI: 'true',
      APPDEV_BASE_IMAGE: `${harbor.host}/library/jre:17`,
      APPDEV_REGISTRY_HOST: [harbor.host, `${node}:${harbor.host.split(':').at(-1)}`].join(','),
      APPDEV_REGISTRY_USER: robot.name,
      APPDEV_REGISTRY_PASSWORD: robot.secret,
      XDG_CACHE_HOME: folder('cache'),
    }),
    clone({ folder: source, harborProject, profiles = '' }) {
      const origin = folder('origin');
      const clone = folder('clone');
      copySources(source, origin);
      hasten(origin);
      mkdirSync(join(origin, 'ci'));
      copyFileSync(ca, join(origin, 'ci/ca.pem'));
      const registry = {
        push: `${harbor.host}/${harborProject}`,
        inCluster: `${node}:${harbor.port}/${harborProject}`,
        pull: `${sandboxRegistry}/${harborProject}`,
        ca: 'ci/ca.pem',
        harbor: { scan: { severity: 'high' } },
      };
      const file = join(origin, 'appdev.yaml');
      const prod = '  - name: prod\n    overlay:\n';
      const text = readFileSync(file, 'utf8') + profiles;
      if (!text.includes(prod)) throw new Error(`${source} has no profile prod`);
      writeFileSync(file, text.replace(prod, `${prod}      registry: ${JSON.stringify(registry)}\n`));
      const git = (...args: readonly string[]): void => {
        execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], {
          cwd: origin,
        });
      };
      git('init', '-q');
      git('add', '-A');
      git('commit', '-q', '-m', 'The app');
      git('clone', '-q', origin, clone);
      return clone;
    },
    async stop() {
      await harbor.stop();
      rmSync(top, { recursive: true, force: true });
    },
  };
}

/** The base image as a project of Harbor has it: pipelines take theirs from there. */
async function copyBase({ host }: FakeHarbor, ca: string, folder: string): Promise<void> {
  copyFileSync(ca, join(folder, 'ca.crt'));
  const authFile = join(folder, 'admin.json');
  const auth = Buffer.from(`admin:${adminPassword}`).toString('base64');
  writeFileSync(authFile, JSON.stringify({ auths: { [host]: { auth } } }));
  // Not synchronous: the Harbor in this process has to answer it.
  await promisify(execFile)('skopeo', [
    ...['copy', '-q', '--src-tls-verify=false', '--dest-cert-dir', folder, '--authfile', authFile],
    `docker://${process.env['APPDEV_BASE_IMAGE'] ?? `${sandboxRegistry}/jre:17`}`,
    `docker://${host}/library/jre:17`,
  ]);
}
