/** Finds out whether the current context is a local cluster that answers, by appdev's own guard: a stranger is not contacted. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleOptions } from './bundle.js';
import { root } from './prepare.js';

/** The name of the current context, where it is a local product's at a local address, and what is there answers. */
export async function localCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-demo-cluster-'));
  try {
    const { selectCluster } = await guard(folder);
    const selected = await selectCluster({
      command: 'dev',
      places: { env: process.env, home: homedir(), cwd: process.cwd() },
      config: { allow: [], createNamespace: false },
      projectRoot: root,
      pinnedPath: join(folder, 'kubeconfig'),
    });
    // The sandbox comes with tools and variables of its own: the demo brings it up in any case.
    if (selected.kind !== 'ok' || selected.value.identity.product === 'sandbox') return undefined;
    // By the pinned file, so that what is asked is what was judged.
    const { context, kubeconfig } = selected.value.identity;
    const args = [`--kubeconfig=${kubeconfig}`, '--request-timeout=3s', 'get', '--raw', '/readyz'];
    if (spawnSync('kubectl', args, { timeout: 5000 }).status === 0) return context;
    console.log(`» ${context} does not answer`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The guard as appdev has it, compiled: Node cannot load its source. */
async function guard(folder) {
  // Not at the top: in a fresh clone this file is read before there are dependencies.
  const { build } = await import('esbuild');
  const outfile = join(folder, 'select.mjs');
  await build({
    ...bundleOptions,
    entryPoints: [join(root, 'src/cluster/choose/select.ts')],
    outfile,
  });
  return await import(pathToFileURL(outfile).href);
}
