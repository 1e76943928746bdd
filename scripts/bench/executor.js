/** Puts the tests' stand-in for Kaniko's executor into a registry, for the benchmark of builds in pods. Needs Go. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../prepare.js';

/** Builds and pushes it; returns the image's reference. */
export async function pushExecutor(registry) {
  // Beside node_modules, so that what it imports is found; Node 20 reads no TypeScript.
  const outfile = join(root, `.bench-executor-${process.pid}.mjs`);
  const folder = join(root, 'test/support');
  try {
    // Not at the top: in a fresh clone this file is read before there are dependencies.
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
