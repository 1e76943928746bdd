/** A secret of the project on its way into an image and a chart: it arrives, and nobody else gets to see it. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDesk, kubeconfigText, type Desk } from '../support/desk.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

const token = `t0ken "${randomBytes(12).toString('hex')}", =x`;

let registry: TestRegistry;
let desk: Desk;
beforeEach(async () => {
  registry = await startRegistry();
  desk = createDesk({ X_TOKEN: token });
  writeFileSync(desk.kubeconfig, kubeconfigText({ 'kind-mine': 'https://127.0.0.1:9' }));
  for (const program of ['buildah', 'helm']) {
    const real = execFileSync('which', [program], { encoding: 'utf8' }).trim();
    desk.standIn(program, `#!/bin/sh\n${dump(program)}\nexec '${real}' "$@"\n`);
  }
});
afterEach(async () => {
  desk.dispose();
  await registry.stop();
});

/** A line of shell that writes down the command lines of the process that runs it, and of appdev, which started it. */
function dump(name: string): string {
  return `cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' ' ' >> '${join(desk.notes, name)}'`;
}

it('is in no command line, no output and no log, and reaches image, command and chart', async () => {
  desk.write('chart/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 1.0.0\n');
  desk.write('extra.yaml', 'list: [{token: "", kept: as-it-was}]\n');
  desk.write(
    'chart/templates/a.yaml',
    `{{- $first := index .Values.list 0 }}
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  plain: {{ .Values.plain | sha256sum }}
  listed: {{ $first.token | sha256sum }}
  kept: {{ $first.kept }}
`,
  );
  desk.write('k8s.yaml', '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n');
  desk.write('Containerfile', 'FROM scratch\nARG X\nARG HTTP_PROXY\nLABEL x=$X\nCOPY Containerfile /\n');
  const hash = createHash('sha256').update(token).digest('hex');
  desk.write(
    'make-image',
    `#!/bin/sh\n${dump('command')}\necho "the token is $T"\nprintf %s "$T" | sha256sum > '${join(desk.notes, 'hash')}'\nexit 3\n`,
    0o755,
  );
  desk.write(
    'appdev.yaml',
    `apiVersion: appdev/v1
name: shop
registry: {push: '${registry.host}', insecure: true}
services:
  file:
    image: {containerfile: Containerfile, context: ., buildArgs: {X: '\${X_TOKEN}', HTTP_PROXY: ''}}
    deploy: {manifests: [k8s.yaml]}
  script:
    image: {builder: command, context: ., command: {run: [./make-image], env: {T: '\${X_TOKEN}'}}}
    deploy: {manifests: [k8s.yaml]}
  chart:
    deploy: {helm: {chart: chart, values: [extra.yaml], set: {plain: '\${X_TOKEN}', 'list[0].token': '\${X_TOKEN}'}}}
`,
  );

  const built = await desk.appdev(['build', 'file', 'script', '--output', 'plain']);
  expect(built.code, `${built.stdout}${built.stderr}`).toBe(4);
  const rendered = await desk.appdev(['render', 'chart']);
  expect([rendered.code, rendered.stderr]).toEqual([0, '']);

  expect(await labelsOf('file')).toMatchObject({ x: token });
  expect(readFileSync(join(desk.notes, 'hash'), 'utf8')).toContain(hash);
  expect(rendered.stdout.match(new RegExp(hash, 'g'))).toHaveLength(2);
  expect(rendered.stdout.match(/kept: as-it-was/g)).toHaveLength(1);

  expect(built.stdout).toContain('the token is ***');
  const [, word = ''] = token.split('"');
  for (const [what, text] of [
    ['output', [built, rendered].map(({ stdout, stderr }) => stdout + stderr).join('')],
    ...filesBelow(join(desk.folder, '.appdev')),
  ])
    expect(text, what).not.toContain(word);
  for (const [program, part] of [
    ['buildah', '--build-arg X '],
    ['helm', '--set-file=list[0].token='],
    ['command', '/make-image'],
  ] as const) {
    const seen = readFileSync(join(desk.notes, program), 'utf8');
    expect(seen).toContain(part);
    expect(seen, program).not.toContain(word);
  }
});

function filesBelow(folder: string): [string, string][] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  expect(files).toContain(join('logs', 'script.log'));
  return files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
}

async function labelsOf(repository: string): Promise<unknown> {
  const base = `http://${registry.host}/v2/${repository}`;
  const { tags } = (await (await fetch(`${base}/tags/list`)).json()) as { tags: string[] };
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' };
  const manifest = (await (await fetch(`${base}/manifests/${tags[0] ?? ''}`, { headers })).json()) as {
    config: { digest: string };
  };
  const config = (await (await fetch(`${base}/blobs/${manifest.config.digest}`)).json()) as {
    config: { Labels: unknown };
  };
  return config.config.Labels;
}
