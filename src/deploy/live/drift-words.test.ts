import { expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import type { Drift } from './drift.ts';
import { refuseDrift, takenBack, wouldTakeBack } from './drift-words.ts';

function web(replicas: number, image: string, key: string): KubeObject {
  const env = [{ name: 'KEY', value: key }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas, template: { spec: { containers: [{ name: 'app', image, env }] } } },
  };
}

const container = '.spec.template.spec.containers[name="app"]';
const drift: Drift = {
  wanted: web(1, `localhost:5001/web:1@sha256:${'12'.repeat(32)}`, 'ours'),
  live: web(2, 'nginx:nope', 'theirs'),
  fields: [
    { field: '.spec.replicas' },
    { manager: 'kubectl-set', field: `${container}.image` },
    { manager: 'kubectl-edit', field: `${container}.env[name="KEY"].value` },
  ],
};

it('names each field, who changed it, and numbers and images, but no other value', () => {
  expect(takenBack(drift)).toBe(
    'Deployment/web: someone changed .spec.replicas to 2 (set back to 1), ' +
      `kubectl-set changed ${container}.image to nginx:nope (set back to localhost:5001/web:1@sha256:12121212121212121212121212121212…), ` +
      `kubectl-edit changed ${container}.env[name="KEY"].value (set back)`,
  );
  const text = JSON.stringify([wouldTakeBack(drift, true), refuseDrift('web', [drift])]);
  expect(text).not.toMatch(/ours|theirs/);
});

it('says in a preview what the deploy would do', () => {
  const one = { ...drift, fields: drift.fields.slice(0, 1) };
  const told = 'Deployment/web: someone changed .spec.replicas to 2 (would be set back to 1)';
  expect(wouldTakeBack(one, true)).toBe(told);
  expect(wouldTakeBack(one, false)).toBe(`${told}; without --force-conflicts, deploy refuses to do that`);
});

it('refuses all of it at once', () => {
  const one = { ...drift, fields: drift.fields.slice(0, 1) };
  expect(refuseDrift('web', [one, one])).toMatchObject({
    error: {
      message:
        'Deployment/web: someone changed .spec.replicas to 2 (not 1); ' +
        'Deployment/web: someone changed .spec.replicas to 2 (not 1); nothing was applied',
      hint: expect.stringContaining('appdev diff web') as string,
    },
  });
});
