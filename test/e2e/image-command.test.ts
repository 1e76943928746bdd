/**
 * An image that podman builds, by a script of the project, pushed to one registry and copied to the one that the cluster pulls
 * from: the whole way of a service whose image is none of appdev's making.
 */
import { chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AppEvent } from '../../src/core/events.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { createRig, eventsIn, serves, type Rig } from '../support/rig.ts';

// Podman shares its layer cache with every other builder of this machine, and takes a layer from it whatever date and labels
// the other one gave it: without the cache, what comes out depends on what goes in alone.
const script = `#!/bin/sh
set -eu
podman build -q --no-cache --isolation chroot --tls-verify=false --timestamp 0 --build-arg BASE="$BASE" -t "$APPDEV_IMAGE" -f "$APPDEV_CONTAINERFILE" "$APPDEV_CONTEXT"
podman push -q --tls-verify=false --digestfile "$APPDEV_DIGEST_FILE" "$APPDEV_IMAGE"
podman rmi "$APPDEV_IMAGE" >/dev/null
`;

let registry: TestRegistry;
let rig: Rig;
beforeEach(async () => {
  registry = await startRegistry();
  rig = createRig({ project: resolve(import.meta.dirname, '../fixtures/parcels') });
});
afterEach(async () => {
  await rig.dispose();
  await registry.stop();
});

it('is built by podman, copied, rolled out and verified, and not built again when nothing changed', async () => {
  rig.write('build-image.sh', script);
  chmodSync(join(rig.folder, 'build-image.sh'), 0o755);
  rig.replace(
    'appdev.yaml',
    "buildArgs: { BASE: '${APPDEV_BASE_IMAGE}' }",
    "builder: command\n      command: { run: [./build-image.sh], env: { BASE: '${APPDEV_BASE_IMAGE}' } }",
  );
  const pull = process.env['APPDEV_SANDBOX_REGISTRY'] ?? '';
  const registries = `push: '${registry.host}', insecure: true, pull: '${pull}', copy: { insecure: true }`;
  rig.replace('appdev.yaml', 'services:', `registry: { ${registries} }\nservices:`);

  const first = await eventsOf('run');
  const named = 'parcels: its image is built by a command of appdev.yaml: ./build-image.sh';
  expect(notices(first)).toContain(named);
  const built = finished(first);
  expect(built.outcome).toBe('ok');
  const digest = built.artifact?.digest ?? '';
  expect(built.artifact).toMatchObject({
    repository: `${registry.host}/parcels`,
    pullRepository: `${pull}/parcels`,
  });
  for (const host of [registry.host, pull]) {
    const accept = 'application/vnd.oci.image.manifest.v1+json';
    const answer = await fetch(`http://${host}/v2/parcels/manifests/${digest}`, { headers: { accept } });
    expect([host, answer.headers.get('docker-content-digest')]).toEqual([host, digest]);
  }
  expect(rig.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].spec.containers[*].image}')).toBe(
    `${pull}/parcels:${built.artifact?.tag ?? ''}@${digest}`,
  );
  await serves(rig, 'parcels', 'A parcel of 500 g costs 200 cents', '/price/500');
  expect((await rig.appdev('verify')).code).toBe(0);

  const pods = rig.kubectl('get', 'pods', '-o', 'name');
  const second = await eventsOf('run');
  expect(notices(second)).not.toContain(named);
  expect(finished(second).artifact).toEqual(built.artifact);
  expect(rig.kubectl('get', 'pods', '-o', 'name')).toBe(pods);

  // The script is an input like any other.
  rig.replace('build-image.sh', 'set -eu', 'set -eu; echo "by hand"');
  const third = await eventsOf('build');
  expect(third.some((event) => event.type === 'stage.output' && event.line === 'by hand')).toBe(true);
  expect(finished(third).artifact?.digest).toBe(digest);
});

async function eventsOf(command: string): Promise<readonly AppEvent[]> {
  const { code, stdout, stderr } = await rig.appdev(command, '--output', 'json');
  expect([code, stderr]).toEqual([0, '']);
  return eventsIn(stdout);
}

function notices(events: readonly AppEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
}

function finished(events: readonly AppEvent[]): Extract<AppEvent, { type: 'run.finished' }> {
  const found = events.find((event) => event.type === 'run.finished');
  if (found === undefined) throw new Error('no run has finished');
  return found;
}
