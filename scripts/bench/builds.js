/**
 * Makes random edits and failing and stopped builds, and checks each jar against a clean build. A long form of one
 * test.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../prepare.js';

/** Runs the test with this number of edits and a new seed. Returns its exit code. */
export function compareBuilds(edits) {
  const seed = String(Date.now() % 1_000_000_007);
  const { status } = spawnSync(
    join(root, 'node_modules/.bin/vitest'),
    ['run', '--project', 'integration', 'test/integration/build-edits.test.ts'],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, APPDEV_EDITS: edits, APPDEV_EDITS_SEED: seed },
    },
  );
  return status ?? 1;
}
