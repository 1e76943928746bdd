/** Secrets of a project in the output of commands that print data instead of events. */
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createDesk, kubeconfigText, type Desk } from '../support/desk.ts';

const password = 'correct "horse" battery';

let desk: Desk;
beforeEach(() => {
  desk = createDesk({ DB_PASSWORD: password });
  writeFileSync(desk.kubeconfig, kubeconfigText({ 'kind-mine': 'https://127.0.0.1:9' }));
  desk.write('chart/Chart.yaml', 'apiVersion: v2\nname: web\nversion: 1.0.0\n');
  desk.write(
    'appdev.yaml',
    `apiVersion: appdev/v1
name: shop
services:
  web: {deploy: {helm: {chart: chart, set: {password: '\${DB_PASSWORD}'}}}}
`,
  );
});
afterEach(() => {
  desk.dispose();
});

it('a chart that fails with a secret in its words is reported without it', async () => {
  desk.write('chart/templates/a.yaml', '{{ fail (printf "cannot use %s" .Values.password) }}\n');
  const { code, stdout, stderr } = await desk.appdev(['render']);
  expect([code, stdout]).toEqual([6, '']);
  expect(stderr).toContain('cannot use ***');
  expect(stderr).not.toContain('horse');
});

it('rendered manifests are what would be applied, secrets included, and go to standard output alone', async () => {
  desk.write(
    'chart/templates/a.yaml',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {password: {{ .Values.password | quote }}}\n',
  );
  const { code, stdout, stderr } = await desk.appdev(['render']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('horse');
});
