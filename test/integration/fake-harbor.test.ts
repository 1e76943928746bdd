/**
 * The fake Harbor against what a real Harbor core answered: each recorded request, in its order, gets the same status,
 * headers, error codes and shape of body, and fits Harbor's OpenAPI document as far as the real answer does.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeHarbor, type FakeHarbor } from '../support/fake-harbor/fake-harbor.ts';
import { adminPassword } from '../support/fake-harbor/state.ts';
import { OpenApi } from '../support/openapi.ts';
import { pushImage, startRegistry, type TestRegistry } from '../support/registry.ts';
import { sharedData } from '../support/shared-data.ts';

interface Recorded {
  readonly title: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly auth: string | null;
    readonly headers: Readonly<Record<string, string>> | null;
    readonly body: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
}

const recordings = sharedData('harbor-recordings.jsonl');
const document = sharedData('harbor-api-v2.0.swagger.yaml');
if (recordings === undefined || document === undefined)
  console.warn('skipped: the recordings of Harbor are not beside the project');

describe.skipIf(recordings === undefined || document === undefined)('the fake Harbor', () => {
  const exchanges = readLines(recordings);
  let registry: TestRegistry;
  let harbor: FakeHarbor;
  let api: OpenApi;
  let lastToken = '';
  beforeAll(async () => {
    registry = await startRegistry();
    harbor = await startFakeHarbor({
      registry: registry.host,
      scanSteps: ['Pending', 'Pending', 'Running', 'Running', 'Running'],
      findings: [
        { id: 'CVE-2026-0001', package: 'a', version: '1', fix_version: '2', severity: 'Critical' },
        { id: 'CVE-2026-0002', package: 'b', version: '1', fix_version: '', severity: 'Low' },
      ],
    });
    api = new OpenApi(document ?? '');
  });
  afterAll(async () => {
    await harbor.stop();
    await registry.stop();
  });

  /** What happened between two recorded requests. */
  const before: Readonly<Record<string, () => Promise<void>>> = {
    'list artifacts': async () => {
      await push('shop/orders', 'v1');
      await push('shop/big', '1');
    },
    'pull vulnerable manifest': async () => {
      harbor.state.find('shop/orders', 'v1')?.scan?.steps.splice(0, 2);
      await Promise.resolve();
    },
    'create system robot': async () => await push('shop/team/orders', '1'),
  };

  it.each(exchanges.map((one, index) => ({ ...one, name: `${index + 1}: ${one.title}` })))(
    'answers as recorded: $name',
    async ({ title, request, response }) => {
      await before[title]?.();
      const answer = await ask(title, request);
      const body = await answer.text();
      expect({ status: answer.status, ...headersOf((name) => answer.headers.get(name)) }).toEqual({
        status: response.status,
        ...headersOf((name) => response.headers[spelled(name)] ?? null),
      });
      expect(bodyShape(body)).toEqual(bodyShape(response.body));
      const { token } = (body.startsWith('{"token"') ? JSON.parse(body) : {}) as { token?: string };
      lastToken = token ?? lastToken;
      if (request.path.startsWith('/api/v2.0')) {
        const call = { method: request.method, path: request.path.slice('/api/v2.0'.length) };
        const complaints = (status: number, text: string): readonly string[] =>
          api.complaints({ ...call, status, body: text });
        expect(complaints(answer.status, body)).toEqual(complaints(response.status, response.body));
      }
    },
  );

  it('has a report of a finished scan, which the document calls a string and which is JSON', async () => {
    const path = '/projects/shop/repositories/orders/artifacts/v1/additions/vulnerabilities';
    harbor.state.find('shop/orders', 'v1')?.scan?.steps.splice(0);
    const headers = { authorization: basic('admin', adminPassword) };
    const answer = await fetch(`${harbor.url}/api/v2.0${path}`, { headers });
    const body = await answer.text();
    expect(api.complaints({ method: 'GET', path, status: answer.status, body })).toEqual([
      'body is not a string',
    ]);
    expect(Object.keys(JSON.parse(body) as object)).toEqual([
      'application/vnd.security.vulnerability.report; version=1.1',
    ]);
  });

  async function ask(
    title: string,
    { method, path, auth, headers, body }: Recorded['request'],
  ): Promise<Response> {
    const sent: Record<string, string> = { ...headers };
    const scanner = harbor.state.scanners[0]?.uuid ?? '';
    if (sent['Authorization'] !== undefined) sent['Authorization'] = `Bearer ${lastToken}`;
    if (auth !== null)
      sent['Authorization'] = basic(auth, title.includes('wrong') ? 'wrong' : passwordOf(auth));
    if (body !== null) sent['Content-Type'] = 'application/json';
    return await fetch(`${harbor.url}${path.replace(/(?<=\/scanners\/).+$/, scanner)}`, {
      method,
      headers: sent,
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    });
  }

  function passwordOf(name: string): string {
    if (name === 'admin') return adminPassword;
    return harbor.state.robots.find((robot) => robot.name === name)?.secret ?? '';
  }

  async function push(repository: string, tag: string): Promise<void> {
    const authorization = basic('admin', adminPassword);
    const send: typeof fetch = async (input, init) =>
      await fetch(input, {
        ...init,
        headers: { ...(init?.headers as Record<string, string>), authorization },
      });
    await pushImage(harbor.host, repository, tag, repository, send, {
      author: '',
      created: '2026-11-21T02:56:23Z',
      config: { Cmd: ['java'], Env: ['PATH=/bin'], Labels: { 'io.buildah.version': '1.28.2' } },
    });
  }
});

function readLines(file: string | undefined): readonly Recorded[] {
  if (file === undefined) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Recorded);
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** `www-authenticate` as the recordings spell it. */
function spelled(name: string): string {
  return name.replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
}

/** The headers that mean something to a client; what counts up and where it listens is not compared. */
function headersOf(header: (name: string) => string | null): Record<string, string | null> {
  const names = [
    'content-type',
    'docker-distribution-api-version',
    'www-authenticate',
    'x-total-count',
    'location',
  ];
  return Object.fromEntries(
    names.map((name) => [
      name,
      header(name)
        ?.replace(/127\.0\.0\.1:\d+/, 'harbor')
        .replace(/\/scanners\/.*$/, '/scanners/ID')
        .replace(/\d+$/, 'N') ?? null,
    ]),
  );
}

/** Words that decide something are compared as they are; of the rest, names and types. */
function bodyShape(text: string): unknown {
  if (text === '') return '';
  return shape(JSON.parse(text), '');
}

const words = ['code', 'message', 'scan_status', 'severity', 'name', 'total', 'fixable', 'immutable'];

function shape(value: unknown, key: string): unknown {
  if (words.includes(key) && typeof value !== 'object') return value;
  // What is in the image is the image's own.
  if (key === 'annotations' || key === 'config') return 'of the image';
  if (Array.isArray(value)) return value.slice(0, 1).map((item) => shape(item, ''));
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'annotations')
      .map(([name, inner]) => [name, shape(inner, name)]),
  );
}
