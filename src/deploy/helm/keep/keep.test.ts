import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { KubeObject } from '../../../cluster/types.ts';
import { keptInRecord } from './keep.ts';

function secretOf(record: object): KubeObject {
  const packed = gzipSync(JSON.stringify(record)).toString('base64');
  const data = { release: Buffer.from(packed).toString('base64') };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'sh.helm.release.v1.web.v1' }, data };
}

function recordOf(secret: KubeObject | undefined): unknown {
  const { release = '' } = (secret?.['data'] ?? {}) as { release?: string };
  const packed = Buffer.from(Buffer.from(release, 'base64').toString(), 'base64');
  return JSON.parse(gunzipSync(packed).toString());
}

const web = '---\n# Source: web/templates/web.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n';
const namespaceOf = (annotations = ''): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: inner\n${annotations}`;
const policy = '  annotations:\n    helm.sh/resource-policy: keep\n';

it('annotates the named objects alone, and leaves the rest of the record as it was', () => {
  const rest = { name: 'web', version: 3, config: { a: [1] } };
  const record = { ...rest, manifest: `${web}---\n# Source: x\n${namespaceOf()}` };
  const kept = keptInRecord(secretOf(record), new Set(['/Namespace//inner']), 'shop');
  expect(recordOf(kept)).toEqual({ ...rest, manifest: `${web}---\n${namespaceOf(policy)}` });
});

it('knows objects by the namespace that they are in', () => {
  const manifest = '---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\n';
  const kept = (identity: string): unknown =>
    recordOf(keptInRecord(secretOf({ manifest }), new Set([identity]), 'shop'));
  expect(kept('/PersistentVolumeClaim/shop/data')).toEqual({ manifest: `${manifest}${policy}` });
  expect(kept('/PersistentVolumeClaim/other/data')).toEqual({ manifest });
});

it('makes documents of the items of a List, for Helm asks documents only', () => {
  const item = (name: string): string =>
    `  - apiVersion: v1\n    kind: Namespace\n    metadata: {name: ${name}}\n`;
  const manifest = `---\napiVersion: v1\nkind: List\nitems:\n${item('inner')}${item('outer')}`;
  const kept = keptInRecord(secretOf({ manifest }), new Set(['/Namespace//inner']), 'shop');
  const outer = namespaceOf().replace('inner', 'outer');
  expect(recordOf(kept)).toEqual({ manifest: `---\n${namespaceOf(policy)}---\n${outer}` });
});

it('is nothing if the Secret holds no record', () => {
  const { metadata } = secretOf({});
  expect(keptInRecord({ apiVersion: 'v1', kind: 'Secret', metadata }, new Set(), 'shop')).toBeUndefined();
});
