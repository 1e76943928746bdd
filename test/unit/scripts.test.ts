/** The scripts behind the README's two commands are read in a fresh clone, before they install what they need. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const scripts = resolve(import.meta.dirname, '../../scripts');

/** What a script imports when it is read, and all that it imports in turn. */
function importsOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const text = readFileSync(file, 'utf8');
  for (const [, name = ''] of text.matchAll(/^(?:import|export) [^;]*?from '([^']+)';/gm)) {
    const found = name.startsWith('.') ? join(dirname(file), name) : name;
    if (seen.has(found)) continue;
    seen.add(found);
    if (name.startsWith('.')) importsOf(found, seen);
  }
  return seen;
}

it.each(['demo.js', 'test.js', 'bench.js'])('%s needs nothing but Node to begin with', (script) => {
  const imports = [...importsOf(join(scripts, script))];
  expect(imports).toContain(join(scripts, 'prepare.js'));
  expect(imports.filter((name) => !name.startsWith('node:') && !name.startsWith(scripts))).toEqual([]);
});
