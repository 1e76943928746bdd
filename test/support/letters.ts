/** Copies of the Gradle fixture test/fixtures/letters: two apps and a library, for the Gradle that Debian has. */
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join, relative, resolve } from 'node:path';
import type { JarConfig, ServiceConfig } from '../../src/config/model.ts';

const fixture = resolve(import.meta.dirname, '../fixtures/letters');

/** A copy of the fixture. */
export interface Letters {
  readonly root: string;
  /** A service whose jar the named project makes. */
  service(name?: string, module?: string, jar?: Partial<JarConfig>): ServiceConfig;
  read(path: string): string;
  write(path: string, text: string): void;
  /** Replaces a text that must be there. Returns a function that takes the edit back. */
  replace(path: string, from: string, to: string): () => void;
}

/** Copies the fixture into a folder that does not exist. */
export function copyLetters(root: string): Letters {
  cpSync(fixture, root, { recursive: true, filter: (path) => !/\/(build|\.gradle|\.appdev)$/.test(path) });
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const write = (path: string, text: string): void => {
    writeFileSync(join(root, path), text);
  };
  return {
    root,
    service: (name = 'letters', module = ':desk', jar = {}) => ({
      name,
      path: root,
      jar: { tool: 'gradle', module, args: [], tests: 'auto', ...jar },
      deploy: { kind: 'manifests', files: [], deadlineMs: 300_000, restartsAllowed: 0 },
      dev: { trigger: 'auto', forward: [] },
      needs: [],
    }),
    read,
    write,
    replace(path, from, to) {
      const before = read(path);
      if (!before.includes(from)) throw new Error(`${path} does not contain '${from}'`);
      write(path, before.replace(from, to));
      return () => {
        write(path, before);
      };
    },
  };
}

/** Relative path → hash of each file that jars are made of or that is one, in all projects. Classes of tests are none. */
export function outputsOf(root: string): Record<string, string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => /^[^/]+\/build\/(classes\/java\/main|resources\/main|libs)\//.test(path))
    .sort();
  return Object.fromEntries(
    entries.map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(root, path)))
        .digest('hex'),
    ]),
  );
}
