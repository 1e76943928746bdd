/**
 * Loads an image archive into the nodes of a kind cluster or a minikube profile, by the product's own command. This is
 * the way for a cluster without a registry. The image keeps the name that the archive gives it.
 */
import { dirname } from 'node:path';
import { cancelled, failed, ok, type Outcome } from '../core/outcome.ts';
import type { Command, Finished, RunOptions, RunProcess } from '../support/process/process.ts';
import type { ImageLoad } from './types.ts';

/** An image in a file. */
export interface ImageArchive {
  /** Absolute path of a docker-archive or oci-archive, not compressed. */
  readonly file: string;
  /** The image's name in the archive, with tag: `localhost/orders:0123456789ab`. */
  readonly image: string;
}

/**
 * The command that loads an archive. `--name` and `-p` always name the cluster. Without them, both tools would take the
 * default or last used cluster.
 */
export function loadCommand({ product, cluster }: ImageLoad, archive: ImageArchive): Command {
  const cwd = dirname(archive.file);
  return product === 'kind'
    ? { tool: 'kind', args: ['load', 'image-archive', archive.file, '--name', cluster], cwd }
    : { tool: 'minikube', args: ['image', 'load', archive.file, '-p', cluster], cwd };
}

/** How many lines of a failed command are shown. */
const evidenceLines = 10;

/**
 * Loads an archive and checks that the image is there. Fails with TOOL_MISSING, or with PUSH_FAILED and the tool's last
 * lines.
 */
export async function loadImage(
  target: ImageLoad,
  archive: ImageArchive,
  run: RunProcess,
  options: RunOptions,
): Promise<Outcome<void>> {
  const { product, cluster } = target;
  const loaded = checked(target, await run(loadCommand(target, archive), options), options.signal);
  if (loaded.kind !== 'ok' || product === 'kind') return loaded.kind === 'ok' ? ok(undefined) : loaded;

  // `minikube image load` ends with 0 even if the node could not load the archive (kubernetes/minikube#23471).
  const list: Command = {
    tool: 'minikube',
    args: ['image', 'ls', '-p', cluster],
    cwd: dirname(archive.file),
  };
  const listed = checked(target, await run(list, { signal: options.signal }), options.signal);
  if (listed.kind !== 'ok') return listed;
  // If Docker is the node's runtime, minikube puts `docker.io/` before every name whose first part has no dot.
  const names = listed.value.stdout.split('\n').map((line) => line.trim());
  if (names.includes(archive.image) || names.includes(`docker.io/${archive.image}`)) return ok(undefined);
  return failed(
    'PUSH_FAILED',
    `minikube accepted the image ${archive.image}, but profile ${cluster} does not list it`,
    {
      hint: `to see why, run minikube image load ${archive.file} -p ${cluster} --alsologtostderr`,
      evidence: loaded.value.lines.slice(-evidenceLines),
    },
  );
}

type Exited = Extract<Finished, { kind: 'exited' }>;

function checked({ product, cluster }: ImageLoad, finished: Finished, signal: AbortSignal): Outcome<Exited> {
  switch (finished.kind) {
    case 'cancelled':
      return cancelled(signal);
    case 'missing':
      return failed(
        'TOOL_MISSING',
        `${product} is not on the PATH, but without a registry only it can load images into ${cluster}`,
        {
          hint: `install ${product}, or set up a registry for the cluster and name it under "registry:" in appdev.yaml`,
        },
      );
    case 'exited': {
      if (finished.exitCode === 0) return ok(finished);
      const check = product === 'kind' ? `kind get nodes --name ${cluster}` : `minikube status -p ${cluster}`;
      return failed(
        'PUSH_FAILED',
        `${product} could not load the image into ${cluster} (exit code ${finished.exitCode})`,
        { hint: `check that it runs: ${check}`, evidence: finished.lines.slice(-evidenceLines) },
      );
    }
  }
}
