/** A real BuildKit daemon (`sandbox/cluster test-tools` builds it) with a state of its own in a temporary folder. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execFileSync } from 'node:child_process';

/** A running daemon. */
export interface TestBuildkit {
  /** Its address, as BUILDKIT_HOST takes it. */
  readonly address: string;
  /** Ends it and removes its state. */
  stop(): Promise<void>;
}

/** Starts one below a folder that does not exist yet; resolves when it answers. */
export async function startBuildkit(folder: string): Promise<TestBuildkit> {
  mkdirSync(folder, { recursive: true });
  const socket = join(folder, 'buildkitd.sock');
  const config = join(folder, 'buildkitd.toml');
  // What it finds in the machine's own configuration is not the test's.
  writeFileSync(config, '');
  const args = ['--config', config, '--addr', `unix://${socket}`, '--root', join(folder, 'state')];
  const workers = ['--containerd-worker=false', '--oci-worker=true', '--oci-worker-snapshotter=native'];
  // The kernel ends it when the tests are killed.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'buildkitd', ...args, ...workers], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (line.includes('running server on')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`buildkitd ended: ${said.join('\n')}`)));
  });
  return {
    address: `unix://${socket}`,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await gone;
      }
      for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
        const mount = line.split(' ')[1];
        if (mount?.startsWith(`${folder}/`) === true) execFileSync('umount', [mount]);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
