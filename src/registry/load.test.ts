/** kind and minikube cannot run on the test machines: what is tested is which commands are run, and what becomes of their ends. */
import { describe, expect, it } from 'vitest';
import type { Command, Finished, RunProcess } from '../support/process/process.ts';
import { loadCommand, loadImage } from './load.ts';
import type { ImageLoad } from './types.ts';

const signal = new AbortController().signal;
const archive = { file: '/tmp/images/orders.tar', image: 'localhost/orders:0123456789ab' };
const kind: ImageLoad = { kind: 'load', product: 'kind', cluster: 'shop' };
const minikube: ImageLoad = { kind: 'load', product: 'minikube', cluster: 'dev' };

const exited = (stdout = '', exitCode = 0): Finished => ({
  kind: 'exited',
  exitCode,
  stdout,
  stderr: '',
  lines: stdout === '' ? [] : stdout.trim().split('\n'),
  ms: 1,
});

function fakeRun(...results: readonly Finished[]): { run: RunProcess; commands: Command[] } {
  const commands: Command[] = [];
  return {
    commands,
    run: async (command) => {
      commands.push(command);
      return await Promise.resolve(results[commands.length - 1] ?? exited());
    },
  };
}

describe('the command', () => {
  it('names file and cluster', () => {
    expect(loadCommand(kind, archive)).toEqual({
      tool: 'kind',
      args: ['load', 'image-archive', '/tmp/images/orders.tar', '--name', 'shop'],
      cwd: '/tmp/images',
    });
    expect(loadCommand(minikube, archive)).toEqual({
      tool: 'minikube',
      args: ['image', 'load', '/tmp/images/orders.tar', '-p', 'dev'],
      cwd: '/tmp/images',
    });
  });
});

describe('loadImage', () => {
  it('believes kind', async () => {
    const { run, commands } = fakeRun(exited());
    expect(await loadImage(kind, archive, run, { signal })).toEqual({ kind: 'ok', value: undefined });
    expect(commands).toHaveLength(1);
  });

  it.each([
    ['by its name', 'docker.io/library/busybox:latest\nlocalhost/orders:0123456789ab\n'],
    ['with what Docker as the runtime puts before it', 'docker.io/localhost/orders:0123456789ab\n'],
  ])('asks minikube for the image: listed %s', async (_name, listed) => {
    const { run, commands } = fakeRun(exited(), exited(listed));
    expect(await loadImage(minikube, archive, run, { signal })).toEqual({ kind: 'ok', value: undefined });
    expect(commands[1]).toMatchObject({ tool: 'minikube', args: ['image', 'ls', '-p', 'dev'] });
  });

  it('does not believe a minikube that ends with 0 and has no image', async () => {
    const { run } = fakeRun(exited(), exited('localhost/orders:ba9876543210\n'));
    expect(await loadImage(minikube, archive, run, { signal })).toMatchObject({
      kind: 'failed',
      error: {
        code: 'PUSH_FAILED',
        message: expect.stringContaining('localhost/orders:0123456789ab') as string,
      },
    });
  });

  it.each([
    [kind, 'kind get nodes --name shop'],
    [minikube, 'minikube status -p dev'],
  ])('shows the last lines of a failure: %j', async (target, check) => {
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
    const { run, commands } = fakeRun(exited(lines, 1));
    const outcome = await loadImage(target, archive, run, { signal });
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'PUSH_FAILED', hint: expect.stringContaining(check) as string },
    });
    expect(outcome.kind === 'failed' && outcome.error.evidence?.at(-1)).toBe('line 29');
    expect(outcome.kind === 'failed' && outcome.error.evidence).toHaveLength(10);
    expect(commands).toHaveLength(1);
  });

  it.each([kind, minikube])('says what is missing: %j', async (target) => {
    const { run } = fakeRun({ kind: 'missing', tool: target.product });
    expect(await loadImage(target, archive, run, { signal })).toMatchObject({
      kind: 'failed',
      error: { code: 'TOOL_MISSING', hint: expect.stringContaining(`install ${target.product}`) as string },
    });
  });

  it('can be cancelled', async () => {
    const { run } = fakeRun({ kind: 'cancelled', ms: 1 });
    expect(await loadImage(kind, archive, run, { signal: AbortSignal.abort('superseded') })).toEqual({
      kind: 'cancelled',
      reason: 'superseded',
    });
  });
});
