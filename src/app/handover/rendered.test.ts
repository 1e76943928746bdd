/** `--rendered`: which services a file is for, and what of it is refused before anything is written. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderedEnd, renderedText } from '../../deploy/render/rendered-file.ts';
import type { Artifact, EventBody } from '../../core/events.ts';
import type { OpenTarget } from '../compose/cluster.ts';
import { openRendered, placeRendered } from './rendered.ts';
import type { Session } from '../session.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-rendered-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const digest = `sha256:${'a'.repeat(64)}`;
const pod = (image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: "${image}"}]}\n`;
const target = { cluster: { identity: { namespace: 'shop' } } } as unknown as OpenTarget;
const artifact: Artifact = {
  ...{ service: 'orders', repository: 'r/orders', pullRepository: 'r/orders', tag: 't', digest },
  inputHash: '',
};

function setup(text: string, positionals: readonly string[] = [], flags = {}) {
  writeFileSync(join(folder, 'out.yaml'), text);
  const told: EventBody[] = [];
  const services = ['orders', 'stock'].map((name) => ({
    ...{ name, image: { repository: name } },
    deploy: { kind: 'manifests', files: [] },
  }));
  const session = {
    invocation: { cwd: folder, flags: { rendered: 'out.yaml', ...flags }, positionals },
    services: positionals.length === 0 ? services : services.filter(({ name }) => positionals.includes(name)),
    project: { config: { name: 'shop', services } },
    emit: (event: EventBody) => told.push(event),
  } as unknown as Session;
  return { session, told };
}

async function place(text: string, artifacts: ReadonlyMap<string, Artifact> = new Map()) {
  const { session, told } = setup(text);
  const opened = await openRendered(session);
  if (opened.kind !== 'ok' || opened.value === undefined) throw new Error(JSON.stringify(opened));
  return { placed: placeRendered(opened.value, session, target, artifacts), told };
}

const whole = (service: string, namespace: string, yaml: string): string =>
  renderedText(service, namespace, yaml) + renderedEnd;

describe('--rendered', () => {
  it('is for the services that the file has, and says which it leaves', async () => {
    const { session, told } = setup(whole('orders', 'shop', pod(`r/orders:t@${digest}`)));
    const opened = await openRendered(session);
    expect(opened.kind === 'ok' && opened.value?.services.map(({ name }) => name)).toEqual(['orders']);
    expect(told).toMatchObject([
      { message: 'out.yaml has no manifests of stock; appdev leaves what runs as it is' },
    ]);
  });

  it.each([
    ['a service that was asked for and is not in it', ['stock'], {}, 'USAGE'],
    ['--images beside it', [], { images: ['orders=a:1'] }, 'USAGE'],
  ])('refuses %s', async (_, positionals, flags, code) => {
    const { session } = setup(whole('orders', 'shop', pod('x')), positionals, flags);
    expect(await openRendered(session)).toMatchObject({ kind: 'failed', error: { code } });
  });

  it('refuses a service that the project does not have, and names the nearest', async () => {
    const { session } = setup(whole('ordres', 'shop', pod('x')));
    expect(await openRendered(session)).toMatchObject({
      error: { code: 'SERVICE_UNKNOWN', hint: 'did you mean: orders' },
    });
  });

  it('refuses what was rendered without an image, whatever it names, and says what to type', async () => {
    const text = (lacks: readonly string[]): string =>
      renderedText('orders', 'shop', pod(`elsewhere/orders:1@${digest}`), lacks) +
      whole('stock', 'shop', pod(`r/stock@${digest}`));
    expect(await openRendered(setup(text(['orders'])).session)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'IMAGE_NOT_USED',
        message: expect.stringContaining('there was no image of orders') as string,
        hint: 'appdev build orders, then appdev render > out.yaml',
      },
    });
    // Not what is not asked for.
    expect((await openRendered(setup(text(['orders']), ['stock']).session)).kind).toBe('ok');
    expect((await openRendered(setup(text([])).session)).kind).toBe('ok');
  });

  it('adds namespace and ownership, and takes the image for what artifacts.json has', async () => {
    const { placed } = await place(
      whole('orders', 'shop', pod(`r/orders:t@${digest}`)),
      new Map([['orders', artifact]]),
    );
    expect(placed.kind === 'ok' && placed.value.get('orders')).toMatchObject({
      artifact,
      file: 'out.yaml',
      objects: [
        {
          metadata: {
            namespace: 'shop',
            labels: { 'dev.appdev/project': 'shop', 'dev.appdev/service': 'orders' },
          },
          spec: { containers: [{ image: `r/orders:t@${digest}` }] },
        },
      ],
    });
  });

  it('takes the tag of the content for the image, if a chart got no digest', async () => {
    const text = whole('orders', 'shop', pod('r/orders:t'));
    const { placed, told } = await place(text, new Map([['orders', artifact]]));
    expect(placed.kind === 'ok' && placed.value.get('orders')).toMatchObject({
      ...{ artifact, byTag: ['orders'] },
    });
    expect(told.filter((event) => event.type === 'notice' && event.level === 'warning')).toEqual([]);
    const other = await place(whole('orders', 'shop', pod('r/orders:u')), new Map([['orders', artifact]]));
    expect(other.placed.kind === 'ok' && other.placed.value.get('orders')?.artifact).toBeUndefined();
  });

  it('refuses what was rendered for another namespace, or before there was an image', async () => {
    const elsewhere = await place(whole('orders', 'other', pod(`r/orders@${digest}`)));
    expect(elsewhere.placed).toMatchObject({
      error: { code: 'USAGE', hint: expect.stringContaining('-n other') as string },
    });
    const unbuilt = await place(whole('orders', 'shop', pod('orders:latest')));
    expect(unbuilt.placed).toMatchObject({ error: { code: 'IMAGE_NOT_USED' } });
  });

  it('warns if the file names another image than artifacts.json', async () => {
    const text = whole('orders', 'shop', pod(`r/orders@sha256:${'b'.repeat(64)}`));
    const { placed, told } = await place(text, new Map([['orders', artifact]]));
    expect(placed.kind === 'ok' && placed.value.get('orders')?.artifact).toBeUndefined();
    expect(told.at(-1)).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('appdev deploys what the file names') as string,
    });
  });
});
