/** The file between render and deploy: read back as it was written, and every fault at its place. */
import { describe, expect, it } from 'vitest';
import { diagnosticLocation } from '../../core/diagnostic.ts';
import { readRendered, renderedEnd, renderedText as partText } from './rendered-file.ts';

const service = 'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n';
const chart = `---\n# Source: web/templates/service.yaml\n${service}`;

/** Whole files of one service. */
const renderedText = (...part: Parameters<typeof partText>): string => partText(...part) + renderedEnd;

function faults(text: string, only?: string): string[] {
  const read = readRendered(text, 'out.yaml', only);
  if (read.kind !== 'failed') throw new Error('no failure');
  expect(read.error.code).toBe('RENDER_FAILED');
  return (read.error.diagnostics ?? []).map((one) => `${diagnosticLocation(one)} ${one.message}`);
}

describe('a rendered file', () => {
  it('is read as it was written, each service with its namespace', () => {
    const text =
      renderedText('orders', 'shop', chart) + renderedText('stock', 'other', service + '---\n' + service);
    expect(readRendered(text, 'out.yaml', undefined)).toMatchObject({
      kind: 'ok',
      value: [
        { service: 'orders', namespace: 'shop', objects: [{ kind: 'Service', metadata: { name: 'web' } }] },
        { service: 'stock', namespace: 'other', objects: [{ kind: 'Service' }, { kind: 'Service' }] },
      ],
    });
  });

  it('says which images were not built, service by service', () => {
    const text =
      partText('orders', 'shop', chart, ['orders', 'stock']) + renderedText('stock', 'shop', service);
    const read = readRendered(text, 'out.yaml', undefined);
    expect(read.kind === 'ok' && read.value.map(({ service: name, lacks }) => [name, lacks])).toEqual([
      ['orders', ['orders', 'stock']],
      ['stock', undefined],
    ]);
  });

  it('does not take text within a manifest for a comment of its own', () => {
    const map = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    # appdev: service b, namespace c\n`;
    const read = readRendered(renderedText('orders', 'shop', map), 'out.yaml', undefined);
    expect(read).toMatchObject({ kind: 'ok', value: [{ service: 'orders', namespace: 'shop' }] });
  });

  it('goes by the label, or by the one service that was asked for, if comments were lost', () => {
    const labelled = service.replace('name: web', 'name: web\n  labels: {dev.appdev/service: orders}');
    expect(readRendered(labelled, 'out.yaml', undefined)).toMatchObject({ value: [{ service: 'orders' }] });
    expect(readRendered(service, 'out.yaml', 'stock')).toMatchObject({ value: [{ service: 'stock' }] });
    expect(faults(service)).toEqual(['out.yaml:1 it is not known which service Service/web belongs to']);
  });

  it('names the line of a fault in the whole file', () => {
    const broken =
      partText('orders', 'shop', service) +
      renderedText('stock', 'shop', 'kind: Service\nmetadata: {name: a}\n');
    expect(faults(broken)).toEqual(['out.yaml:9:1 `apiVersion` is missing or not a string']);
    expect(faults(renderedText('orders', 'shop', 'a: [1\n'))[0]).toContain('out.yaml:');
  });

  it('refuses hooks of a chart: nothing would run them', () => {
    const hook = `apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations: {helm.sh/hook: pre-upgrade}\n`;
    expect(faults(renderedText('orders', 'shop', hook))[0]).toContain(
      'out.yaml:3 Job/migrate is a Helm hook',
    );
    const other = readRendered(renderedText('orders', 'shop', hook), 'out.yaml', undefined, () => false);
    expect(other).toMatchObject({ kind: 'ok', value: [{ objects: [{ kind: 'Job' }] }] });
  });

  it('refuses a file that was cut off, wherever that is', () => {
    const whole = partText('orders', 'shop', chart) + partText('stock', 'shop', service) + renderedEnd;
    const lines = whole.split('\n');
    for (let kept = 3; kept < lines.length - 1; kept += 1) {
      const read = readRendered(`${lines.slice(0, kept).join('\n')}\n`, 'out.yaml', undefined);
      expect([kept, read.kind]).toEqual([kept, 'failed']);
    }
    expect(readRendered(whole, 'out.yaml', undefined).kind).toBe('ok');
  });

  it('refuses a file without manifests', () => {
    const read = readRendered('# nothing\n', 'out.yaml', undefined);
    expect(read).toMatchObject({ error: { message: 'out.yaml contains no manifests' } });
  });
});
