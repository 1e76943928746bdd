/**
 * Bundles src/cli.ts into dist/. With code splitting, `--help` loads only a few kilobytes, and the Kubernetes client is
 * loaded only if it is used. The licences of the bundled packages are written beside the bundle. `npm run build`,
 * `npm pack` and the tests run this script.
 */
import { build } from 'esbuild';
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOptions } from './bundle.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
// The bundle is built in another folder and moved into place, so that no reader of dist/ sees half a bundle.
const staging = join(root, `.dist-${process.pid}`);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

try {
  const result = await build({
    ...bundleOptions,
    absWorkingDir: root,
    entryPoints: ['src/cli.ts'],
    outdir: staging,
    splitting: true,
    metafile: true,
    sourcemap: 'linked',
    sourcesContent: false,
    minifySyntax: true,
    // Ink imports it only if DEV=true.
    external: ['react-devtools-core'],
    define: { 'process.env.NODE_ENV': '"production"', __APPDEV_VERSION__: JSON.stringify(version) },
  });
  writeFileSync(join(staging, 'THIRD_PARTY_NOTICES.txt'), notices(Object.keys(result.metafile.inputs)));
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(staging, join(root, 'dist'));
} finally {
  rmSync(staging, { recursive: true, force: true });
}

/** The licence texts of all packages with a file in the bundle. `inputs` are the paths of the bundled files. */
function notices(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) packages.add(match[1]);
  }
  const sections = [...packages].sort().map((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((name) => /^licen[cs]e/i.test(name));
    const text =
      file === undefined ? 'No licence file in the package.' : readFileSync(join(root, folder, file), 'utf8');
    return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})\n\n${text.trim()}\n`;
  });
  return `appdev contains the following packages.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
