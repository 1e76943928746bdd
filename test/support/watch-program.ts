/**
 * A program of its own for what cannot be done inside of the test: watching under another limit of file watches, and
 * reading a tree as another user. Prints one JSON object a line; `watch` ends with its input.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { takeSnapshot } from '../../src/watch/snapshot.ts';
import { walk } from '../../src/watch/walk.ts';
import { createWatcher } from '../../src/watch/watcher.ts';

const [what = '', root = ''] = process.argv.slice(2);
const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};
const walked = await walk([{ path: root, skip: () => false }]);

if (what === 'scan') {
  const snapshot = await takeSnapshot(walked.files, new Map(), Date.now());
  print({ files: [...snapshot].map(([path, { hash }]) => [path, hash]), notes: walked.notes });
} else {
  const watcher = createWatcher({
    onWake: (wake) => {
      print({ wake });
    },
    notice: (message, hint) => {
      print({ notice: message, hint });
    },
    eventlessType: () => undefined,
    pollMs: () => 30,
    pollAll: what === 'poll',
  });
  await watcher.watch(walked.folders);
  print({ mode: watcher.mode() });
  process.stdin.on('data', () => {
    writeFileSync(join(root, 'f9', 'A.java'), String(Math.random()));
  });
  process.stdin.on('end', () => {
    void watcher.close();
  });
}
