/**
 * Checks whether the current context is a local cluster that answers. appdev's own guard decides; others are not
 * contacted.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleOptions } from './bundle.js';
import { root } from './prepare.js';

/** The name of the current context, if it is a local cluster at a local address and it answers; otherwise undefined. */
export async function localCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'appdev-demo-cluster-'));
  try {
    const { selectCluster } = await guard(folder);
    const selected = await selectCluster({
      command: 'dev',
      places: { listed: process.env.KUBECONFIG ?? '', home: homedir(), cwd: process.cwd() },
      config: { allow: [], createNamespace: false },
      projectRoot: root,
      pinnedPath: join(folder, 'kubeconfig'),
    });
    // The sandbox needs its own tools and variables, so the demo starts it the usual way.
    if (selected.kind !== 'ok' || selected.value.identity.product === 'sandbox') return undefined;
    // kubectl uses the kubeconfig that the guard has checked.
    const { context, kubeconfig } = selected.value.identity;
    const args = [`--kubeconfig=${kubeconfig}`, '--request-timeout=3s', 'get', '--raw', '/readyz'];
    if (spawnSync('kubectl', args, { timeout: 5000 }).status === 0) return context;
    console.log(`» ${context} does not answer`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compiles and imports appdev's guard, because Node cannot load its source. `folder` gets the compiled file. */
async function guard(folder) {
  // This import is not at the top, because in a fresh clone the dependencies are installed after this file is loaded.
  const { build } = await import('esbuild');
  const outfile = join(folder, 'select.mjs');
  await build({
    ...bundleOptions,
    entryPoints: [join(root, 'src/cluster/choose/select.ts')],
    outfile,
  });
  return await import(pathToFileURL(outfile).href);
}
