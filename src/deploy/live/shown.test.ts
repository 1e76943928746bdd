/** What a preview shows of an object: nothing of the server's, and no value of a Secret. */
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../cluster/types.ts';
import { patchOf, sidesOf, type Change } from './shown.ts';

const object = (more: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...metadata },
  ...more,
});

describe('a preview', () => {
  it('leaves out what the server keeps for itself, and the order of keys', () => {
    const live = object(
      { status: { x: 1 }, data: { b: '2', a: '1' } },
      {
        ...{ uid: 'u', resourceVersion: '7', generation: 3, creationTimestamp: 't', managedFields: [{}] },
        annotations: { 'deployment.kubernetes.io/revision': '4' },
      },
    );
    const { before, after } = sidesOf(live, object({ data: { a: '1', b: '2' } }));
    expect(before).toBe(after);
    expect(before).toBe('apiVersion: v1\ndata:\n  a: "1"\n  b: "2"\nkind: ConfigMap\nmetadata:\n  name: a\n');
  });

  it('shows which values of a Secret differ, and none of them', () => {
    const secret = (data: object, metadata: object = {}): KubeObject => ({
      ...object({ data }, metadata),
      kind: 'Secret',
    });
    const last = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"old":"aHVzaA=="}}' };
    const { before, after } = sidesOf(
      secret({ same: 'c2FtZQ==', old: 'aHVzaA==', gone: 'Z29uZQ==' }, { annotations: last }),
      secret({ same: 'c2FtZQ==', old: 'cXVpZXQ=', new: 'bmV3' }),
    );
    expect(before + after).not.toMatch(/c2FtZQ|aHVzaA|Z29uZQ|cXVpZXQ|bmV3/);
    expect(before).toContain('  gone: "***"\n  old: "*** (before)"\n  same: "***"\n');
    expect(after).toContain('  new: "***"\n  old: "*** (after)"\n  same: "***"\n');
  });

  it('masks what is written in plain text, and a Secret that would be deleted', () => {
    const written: KubeObject = { ...object({ stringData: { password: 'hunter22' } }), kind: 'Secret' };
    expect(sidesOf(undefined, written)).toEqual({
      before: '',
      after: expect.not.stringContaining('hunter22') as string,
    });
    expect(sidesOf(written, undefined).before).toContain('password: "***"');
  });
});

describe('a patch', () => {
  const text = (...lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
  const patch = (before: string, after: string, more: Partial<Change> = {}): string =>
    patchOf({ object: 'ConfigMap/a', namespace: 'shop', change: 'change', before, after, ...more });

  it('is empty for equal sides', () => {
    expect(patch('a\n', 'a\n')).toBe('');
  });

  it('names both sides, shows three lines around each change, and joins what is near', () => {
    const before = text('1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12', '13', '14');
    const after = text('1', '2', '3', '4', 'five', '6', '7', '8', '9', '10', 'ten', '12', '13', '14', '15');
    expect(patch(before, after)).toBe(
      text(
        ...['--- live/shop/ConfigMap/a', '+++ deploy/shop/ConfigMap/a', '@@ -2,13 +2,14 @@'],
        ...[' 2', ' 3', ' 4', '-5', '+five', ' 6', ' 7', ' 8', ' 9', ' 10', '-11', '+ten'],
        ...[' 12', ' 13', ' 14', '+15'],
      ),
    );
    const far = text('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i');
    expect(patch(far, `0\n${far}z\n`).match(/^@@.*$/gm)).toEqual(['@@ -1,3 +1,4 @@', '@@ -7,3 +8,4 @@']);
  });

  it('has no file for an object that does not exist, and no folder for an object without namespace', () => {
    const role = { object: 'ClusterRole/system:a' };
    expect(patchOf({ ...role, change: 'create', before: '', after: text('a', 'b') })).toBe(
      text('--- /dev/null', '+++ deploy/ClusterRole/system:a', '@@ -0,0 +1,2 @@', '+a', '+b'),
    );
    expect(patchOf({ ...role, change: 'delete', before: text('a'), after: '' })).toBe(
      text('--- live/ClusterRole/system:a', '+++ /dev/null', '@@ -1,1 +0,0 @@', '-a'),
    );
  });

  it('of 20,000 lines that all differ is found without a search: all go, all come', () => {
    const old = Array.from({ length: 20_000 }, (_, index) => `old ${index}`);
    const now = Array.from({ length: 20_000 }, (_, index) => `new ${index}`);
    expect(patch(text(...old), text(...now)).split('\n')).toEqual([
      ...['--- live/shop/ConfigMap/a', '+++ deploy/shop/ConfigMap/a', '@@ -1,20000 +1,20000 @@'],
      ...old.map((line) => `-${line}`),
      ...now.map((line) => `+${line}`),
      '',
    ]);
  });

  it('of 20,000 lines shows a few that differ, and a new object whole', () => {
    const old = Array.from({ length: 20_000 }, (_, index) => `line ${index}`);
    const now = old.with(9_999, 'another');
    expect(patch(text(...old), text(...now)).match(/^(@@|[-+]\w).*$/gm)).toEqual([
      ...['@@ -9997,7 +9997,7 @@', '-line 9999', '+another'],
    ]);
    const created = patch('', text(...old), { change: 'create' });
    expect(created.match(/^@@.*$/gm)).toEqual(['@@ -0,0 +1,20000 @@']);
    expect(created.match(/^\+line/gm)).toHaveLength(20_000);
  });
});
