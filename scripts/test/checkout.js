/**
 * What a machine that has never seen this checkout relies on: `npm ci` installs from package-lock.json wherever that is, and
 * the scripts behind the README's commands begin before anything is installed. Prints what is wrong, a line each.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const scripts = join(root, 'scripts');
const wrong = [...lockProblems(), ...['demo.js', 'test.js', 'bench.js'].flatMap(importProblems)];
for (const line of wrong) console.error(line);
process.exitCode = wrong.length === 0 ? 0 : 1;

/** npm ci refuses a lock with a platform of a package missing, even on another platform; and registries differ by machine. */
function lockProblems() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const locations = Object.keys(packages);
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !locations.some((location) => location.endsWith(`node_modules/${name}`)));
  const named = locations.filter((location) => packages[location].resolved !== undefined);
  return [
    ...(locations.length > 100 ? [] : ['package-lock.json lists hardly anything']),
    ...missing.map((name) => `package-lock.json lacks the optional package ${name}`),
    ...named.map((location) => `package-lock.json says from which registry ${location} comes`),
  ];
}

/** A script may import Node's modules and its own kind, at its top and in all that it imports there. */
function importProblems(script) {
  const imports = [...importsOf(join(scripts, script))];
  const foreign = imports.filter((name) => !name.startsWith('node:') && !name.startsWith(scripts));
  return [
    ...(imports.includes(join(scripts, 'prepare.js')) ? [] : [`${script} does not import prepare.js`]),
    ...foreign.map((name) => `${script} imports ${name} before that is installed`),
  ];
}

function importsOf(file, seen = new Set()) {
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/^(?:import|export) [^;]*?from '([^']+)';/gm)) {
    const found = name.startsWith('.') ? join(dirname(file), name) : name;
    if (seen.has(found)) continue;
    seen.add(found);
    if (name.startsWith('.')) importsOf(found, seen);
  }
  return seen;
}
