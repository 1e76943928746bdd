/** The post-renderer, run as Helm runs it: as a program that reads manifests and prints manifests. */
import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { keepReplicas, withReplicas, type PostRenderer } from './replicas.ts';

const replicas = new Map([['apps/Deployment/shop/web', 4]]);
const manifests = `---
# Source: web/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {on: "yes"}}
spec:
  replicas: 1   # of the chart
  paused: no
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec: {replicas: 1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: elsewhere}
spec: {replicas: 1}
`;
const kept = manifests.replace('replicas: 1   #', 'replicas: 4   #');

/** Runs the program of a Helm 3 post-renderer. */
async function run({ args }: PostRenderer, input: string): Promise<{ code: number; stdout: string }> {
  const [program = '', script = ''] = args.map((arg) => arg.slice(arg.indexOf('=') + 1));
  return await new Promise((resolve) => {
    const child = execFile(program, [script], (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    );
    child.stdin?.end(input);
  });
}

describe('the replicas of an autoscaler', () => {
  it('replace the number of that workload, and no other byte', () => {
    expect(withReplicas(manifests, replicas, 'shop')).toBe(kept);
    expect(withReplicas('', replicas, 'shop')).toBe('');
  });

  it('get in by a program that prints all of it, and fails rather than print less', async () => {
    const postRenderer = await keepReplicas(replicas, 'shop', 3);
    const long = `# ${'x'.repeat(1_000_000)}\n${manifests}`;
    expect(await run(postRenderer, long)).toEqual({ code: 0, stdout: long.replace(manifests, kept) });
    expect(await run(postRenderer, 'a: *nowhere\n')).toEqual({ code: 1, stdout: '' });
    await postRenderer.dispose();
  });
});
