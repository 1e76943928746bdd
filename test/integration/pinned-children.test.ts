/** What the shipped appdev's children are given as KUBECONFIG, while the user switches to another context. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDesk, kubeconfigText, type Desk } from '../support/desk.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';

/** A loopback port that nothing listens on: with a registry that is written down, a build asks the cluster nothing. */
const nowhere = 'https://127.0.0.1:9';

let registry: TestRegistry;
let desk: Desk;
beforeEach(async () => {
  registry = await startRegistry();
  desk = createDesk();
});
afterEach(async () => {
  desk.dispose();
  await registry.stop();
});

it('an image command and a build tool keep the context that the session was started with', async () => {
  writeFileSync(desk.kubeconfig, kubeconfigText({ 'kind-mine': nowhere, team: nowhere }));
  const other = join(desk.notes, 'other');
  writeFileSync(other, kubeconfigText({ team: nowhere, 'kind-mine': nowhere }));
  // The first child switches the user's context, as `kubectl config use-context team` would, and only then looks.
  const look = (file: string): string =>
    `#!/bin/sh\ncp '${other}' '${desk.kubeconfig}'\ncat "$KUBECONFIG" > '${join(desk.notes, file)}'\nexit 3\n`;
  desk.write('make-image', look('seen-by-command'), 0o755);
  desk.write('jars/mvnw', look('seen-by-maven'), 0o755);
  desk.write(
    'jars/pom.xml',
    '<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>jars</artifactId><version>1</version></project>',
  );
  desk.write('jars/src/main/java/A.java', 'class A {}\n');
  desk.write('k8s.yaml', '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n');
  desk.write(
    'appdev.yaml',
    `apiVersion: appdev/v1
name: shop
registry: {push: '${registry.host}', insecure: true}
services:
  script:
    image: {builder: command, context: ., command: {run: [./make-image]}}
    deploy: {manifests: [k8s.yaml]}
  jars:
    path: jars
    jar: {}
    deploy: {manifests: [k8s.yaml]}
`,
  );
  const { stdout, stderr } = await desk.appdev(['build', '--output', 'plain']);
  const seen = ['seen-by-command', 'seen-by-maven'].map((file) => {
    const text = readFileSync(join(desk.notes, file), 'utf8');
    const { contexts, 'current-context': current } = JSON.parse(text) as {
      contexts: { name: string }[];
      'current-context': string;
    };
    return [current, contexts.map(({ name }) => name)];
  });
  expect(seen, `${stdout}${stderr}`).toEqual([
    ['kind-mine', ['kind-mine']],
    ['kind-mine', ['kind-mine']],
  ]);
});
