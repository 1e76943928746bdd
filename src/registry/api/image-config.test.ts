import { createHash } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import { ok, type Outcome } from '../../core/outcome.ts';
import { lookAtImage, type ImageFacts } from './image-config.ts';

/** Bodies by URL, as a registry keeps them. */
let content: Map<string, string>;
let asked: string[];
beforeEach(() => {
  content = new Map();
  asked = [];
});

const sum = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

function put(base: string, value: unknown, tag?: string): string {
  const text = JSON.stringify(value);
  for (const reference of [sum(text), ...(tag === undefined ? [] : [tag])])
    content.set(`${base}/${reference}`, text);
  return sum(text);
}

async function look(name: string, insecure = false): Promise<Outcome<ImageFacts | undefined>> {
  return await lookAtImage(
    name,
    {
      credentials: async () => await Promise.resolve(ok(undefined)),
      insecure: () => insecure,
      fetchFor: () => async (input) => {
        const url = input instanceof Request ? input.url : String(input);
        asked.push(url);
        const body = content.get(url);
        return await Promise.resolve(new Response(body ?? '{}', { status: body === undefined ? 404 : 200 }));
      },
    },
    new AbortController().signal,
  );
}

const hub = 'https://registry-1.docker.io/v2/library/eclipse-temurin';

it('tells a base that has instructions for builds on it', async () => {
  const config = put(`${hub}/blobs`, { config: { OnBuild: ['RUN make'] } });
  const digest = put(`${hub}/manifests`, { config: { digest: config }, layers: [] }, 'onbuild');
  expect(await look('eclipse-temurin:onbuild')).toEqual(
    ok({ repository: 'docker.io/library/eclipse-temurin', digest, user: '', triggers: true }),
  );
});

it('finds the user behind an index, past what is for other systems', async () => {
  const config = put(`${hub}/blobs`, { config: { User: '185' } });
  const manifest = put(`${hub}/manifests`, { config: { digest: config }, layers: [] });
  const digest = put(
    `${hub}/manifests`,
    {
      manifests: [
        { digest: sum('windows'), platform: { os: 'windows' } },
        { digest: sum('attestation'), platform: { os: 'unknown' } },
        { digest: manifest, platform: { os: 'linux', architecture: 'amd64' } },
      ],
    },
    '17-jre',
  );
  expect(await look('eclipse-temurin:17-jre')).toEqual(
    ok({ repository: 'docker.io/library/eclipse-temurin', digest, user: '185' }),
  );
});

it('reads an image without a user, by digest, from a registry of plain HTTP', async () => {
  const base = 'http://localhost:5001/v2/appdev/java';
  const config = put(`${base}/blobs`, { config: {} });
  const digest = put(`${base}/manifests`, { config: { digest: config } });
  expect(await look(`localhost:5001/appdev/java@${digest}`, true)).toEqual(
    ok({ repository: 'localhost:5001/appdev/java', digest, user: '' }),
  );
  expect(asked.every((url) => url.startsWith('http://localhost:5001/'))).toBe(true);
});

it('knows no image that is not there, and does not believe a configuration of another sum', async () => {
  expect(await look('registry.example.com/no/such:1')).toEqual(ok(undefined));
  const base = 'https://registry.example.com/v2/base';
  const config = sum('what it should be');
  content.set(`${base}/blobs/${config}`, '{"config":{"User":"0"}}');
  put(`${base}/manifests`, { config: { digest: config } }, '1');
  expect(await look('registry.example.com/base:1')).toMatchObject({
    error: { code: 'REGISTRY_UNREACHABLE' },
  });
});
