/** Pushes the tests' stand-in for Kaniko's executor to a registry, for the benchmark of builds in pods. Needs Go. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../prepare.js';

/** Builds the stand-in and pushes it. Returns the reference of the image. */
export async function pushExecutor(registry) {
  // The compiled file is beside node_modules, so that its imports are found. Node 20 cannot read TypeScript.
  const outfile = join(root, `.bench-executor-${process.pid}.mjs`);
  const folder = join(root, 'test/support');
  try {
    // This import is not at the top, because in a fresh clone the dependencies are installed after this file is loaded.
    const { build } = await import('esbuild');
    await build({
      entryPoints: [join(folder, 'stand-in-executor.ts')],
      outfile,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
      define: { 'import.meta.dirname': JSON.stringify(folder) },
      logLevel: 'warning',
    });
    const { pushStandInExecutor } = await import(pathToFileURL(outfile).href);
    return await pushStandInExecutor(registry);
  } finally {
    rmSync(outfile, { force: true });
  }
}
