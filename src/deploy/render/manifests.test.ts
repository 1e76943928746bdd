/** Plain manifests whose file is there and cannot be read. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readManifests } from './manifests.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-manifests-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

// Nothing is mapped at this process's address 0, so that Linux refuses to read there, even to root.
it.skipIf(process.platform !== 'linux')(
  'a manifest that cannot be read is a failure with its name',
  async () => {
    symlinkSync('/proc/self/mem', join(folder, 'web.yaml'));
    const read = await readManifests({ kind: 'manifests', files: [join(folder, '*.yaml')] }, folder);
    expect(read).toMatchObject({
      kind: 'failed',
      error: { code: 'RENDER_FAILED', message: 'web.yaml cannot be read: EIO' },
    });
  },
);
