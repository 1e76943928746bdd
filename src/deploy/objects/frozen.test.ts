import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import { isFrozen, removesItself } from './frozen.ts';

const containers = (image: string, command = 'run'): object => ({
  containers: [{ name: 'app', image, command: [command] }],
});

function object(kind: string, apiVersion: string, spec: object): KubeObject {
  return { apiVersion, kind, metadata: { name: 'app' }, spec };
}

const job = (image: string, more: object = {}): KubeObject =>
  object('Job', 'batch/v1', { template: { spec: containers(image) }, ...more });
const pod = (image: string, command?: string, more: object = {}): KubeObject =>
  object('Pod', 'v1', { ...containers(image, command), ...more });

describe('isFrozen', () => {
  it.each([
    ['a job with another image', job('a:1'), job('a:2'), true],
    ['a job with more completions', job('a:1'), job('a:1', { completions: 2 }), true],
    [
      'a job that may run longer',
      job('a:1'),
      job('a:1', { activeDeadlineSeconds: 9, suspend: false }),
      false,
    ],
    ['a job with the same content', job('a:1'), job('a:1'), false],
    ['a pod with another image', pod('a:1'), pod('a:2'), false],
    ['a pod with another command', pod('a:1'), pod('a:1', 'stop'), true],
    ['a pod with a new deadline', pod('a:1'), pod('a:1', 'run', { activeDeadlineSeconds: 9 }), false],
    [
      'a deployment with another image',
      object('Deployment', 'apps/v1', { template: { spec: containers('a:1') } }),
      object('Deployment', 'apps/v1', { template: { spec: containers('a:2') } }),
      false,
    ],
    [
      'a job of another group',
      object('Job', 'x.io/v1', { template: 1 }),
      object('Job', 'x.io/v1', { template: 2 }),
      false,
    ],
  ])('%s: %s', (_what, before, wanted, frozen) => {
    expect(isFrozen(before, wanted)).toBe(frozen);
  });
});

describe('removesItself', () => {
  it.each([
    [job('a', { ttlSecondsAfterFinished: 0 }), true],
    [job('a'), false],
    [object('Job', 'x.io/v1', { ttlSecondsAfterFinished: 0 }), false],
  ])('%j: %s', (one, removes) => {
    expect(removesItself(one)).toBe(removes);
  });
});
