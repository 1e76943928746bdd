/** An image storage of its own for tests of Buildah, so that the machine's images are neither used nor touched. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A storage that every buildah started by this process uses until it is removed. */
export interface TestStorage {
  /** Runs buildah and returns its output, trimmed. Not synchronous: a proxy in this process may have to answer it. */
  buildah(...args: string[]): Promise<string>;
  /** Makes an image from a Containerfile's text and the files of a folder; returns its id. */
  image(name: string, containerfile: string): Promise<string>;
  remove(): void;
}

const run = promisify(execFile);

/** Makes one below a folder. */
export function useStorage(folder: string, driver = 'overlay'): TestStorage {
  const before = process.env['CONTAINERS_STORAGE_CONF'];
  const graph = join(folder, 'graph');
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'storage.conf');
  writeFileSync(
    config,
    `[storage]\ndriver = "${driver}"\ngraphroot = "${graph}"\nrunroot = "${join(folder, 'run')}"\n`,
  );
  process.env['CONTAINERS_STORAGE_CONF'] = config;
  const buildah = async (...args: string[]): Promise<string> => (await run('buildah', args)).stdout.trim();
  return {
    buildah,
    async image(name, containerfile) {
      const context = join(folder, 'context');
      mkdirSync(context, { recursive: true });
      writeFileSync(join(context, 'Containerfile'), containerfile);
      const ids = await buildah(
        'bud',
        '-q',
        '--isolation',
        'chroot',
        '--timestamp',
        '0',
        '-t',
        name,
        context,
      );
      return ids.split('\n').at(-1) ?? '';
    },
    remove() {
      // The overlay driver keeps its folder mounted on itself.
      for (const name of [driver, '']) {
        try {
          execFileSync('umount', [join(graph, name)], { stdio: 'ignore' });
        } catch {
          // Not mounted.
        }
      }
      rmSync(folder, { recursive: true, force: true });
      if (before === undefined) delete process.env['CONTAINERS_STORAGE_CONF'];
      else process.env['CONTAINERS_STORAGE_CONF'] = before;
    },
  };
}
