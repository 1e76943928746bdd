/** Prepares the checkout for the other scripts: dependencies, bundle and environment. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');

/** Prints a title and runs a program with this process's standard streams. Throws if it fails. */
export function step(title, program, args, options = {}) {
  console.log(`» ${title}`);
  // `npm test --silent` passes its log level on to the npm that we start. But if that fails, its reason must be visible.
  const env = { ...process.env, npm_config_loglevel: 'warn' };
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', env, ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${title}: ${program} ended with exit code ${status}`);
}

/** Runs `npm ci` if node_modules is older than package-lock.json, and bundles if a source is newer than dist. */
export function prepareCheckout() {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (
    !existsSync(installed) ||
    statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs
  ) {
    step('installing dependencies (npm ci), usually 30 s', 'npm', ['ci', '--no-audit', '--no-fund']);
  }
  const bundle = join(root, 'dist/cli.js');
  const sources = [
    ...filesBelow(join(root, 'src')),
    join(root, 'package.json'),
    join(root, 'scripts/build.js'),
  ];
  if (!existsSync(bundle) || sources.some((file) => statSync(file).mtimeMs > statSync(bundle).mtimeMs)) {
    step('bundling appdev', process.execPath, ['scripts/build.js']);
  }
}

/** This process's environment with the variables that `sandbox/cluster env` sets. */
export function sandboxEnvironment() {
  const { stdout, status } = spawnSync(join(root, 'sandbox/cluster'), ['env'], { encoding: 'utf8' });
  if (status !== 0) throw new Error('sandbox/cluster env failed: is the sandbox up?');
  const script = `${stdout}\nexec "$0" -e 'process.stdout.write(JSON.stringify(process.env))'`;
  const shell = spawnSync('bash', ['-c', script, process.execPath], { encoding: 'utf8' });
  return JSON.parse(shell.stdout);
}

/** Packs the project and installs the tarball below `scratch`, as users would. Returns the path of its `appdev`. */
export function installPackage(scratch) {
  const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  step('packing', 'npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', scratch]);
  const folder = join(scratch, 'installed');
  mkdirSync(folder);
  const tarball = join(scratch, `${name}-${version}.tgz`);
  step('installing the package', 'npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', tarball]);
  return join(folder, 'node_modules/.bin/appdev');
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
