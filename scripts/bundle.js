/**
 * Keeps the unused parts of the Kubernetes client out of the bundle. Its files only define things, but its package
 * does not say so, and its root brings 13 MB of models in. This plugin says it for them, so only what is used gets
 * into the bundle.
 */
const leanClient = {
  name: 'lean-client',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^@kubernetes\/client-node$|^\./ }, async ({ path, ...from }) => {
      const inClient = from.importer.includes('node_modules/@kubernetes/client-node/');
      if (from.pluginData === 'resolving' || (path.startsWith('.') && !inClient)) return undefined;
      const { kind, importer, resolveDir, namespace } = from;
      const found = await resolve(path, { kind, importer, resolveDir, namespace, pluginData: 'resolving' });
      return { ...found, sideEffects: false };
    });
  },
};

/** esbuild's options for our code that Node runs: ES modules, in which CommonJS dependencies call `require()`. */
export const bundleOptions = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
  plugins: [leanClient],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};
