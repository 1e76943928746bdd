import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { ok } from '../../core/outcome.ts';
import { createRegistryClient, type RegistryClient } from './client.ts';

const text = '{"os":"linux"}';
const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
const { signal } = new AbortController();

/** A client of a registry that gives these answers, and the requests that it got. */
function clientOf(...answers: readonly Response[]): { client: RegistryClient; asked: string[] } {
  const asked: string[] = [];
  const left = [...answers];
  const client = createRegistryClient({
    registry: { push: 'registry.example.com/shop', insecure: false },
    credentials: async () => await Promise.resolve(ok(undefined)),
    fetch: async (input, init) => {
      const body = typeof init?.body === 'string' ? ` ${init.body}` : '';
      asked.push(`${init?.method ?? 'GET'} ${input instanceof Request ? input.url : String(input)}${body}`);
      return await Promise.resolve(left.shift() ?? new Response(null, { status: 500 }));
    },
  });
  return { client, asked };
}

const begun = (location: string): Response => new Response(null, { status: 202, headers: { location } });
const error = (status: number, code: string, message: string): Response =>
  new Response(JSON.stringify({ errors: [{ code, message }] }), { status });
const uploads = 'https://registry.example.com/v2/shop/orders/blobs/uploads/';

it.each([
  ['a path', '/v2/shop/orders/blobs/uploads/u1?_state=a%3D'],
  ['a whole address', `${uploads}u1?_state=a%3D`],
  [
    'another scheme, behind a proxy',
    'http://registry.example.com/v2/shop/orders/blobs/uploads/u1?_state=a%3D',
  ],
  ['an inner host, behind a proxy', 'http://core:8080/v2/shop/orders/blobs/uploads/u1?_state=a%3D'],
])('a text goes where the registry says, on the server that was asked: %s', async (_, location) => {
  const { client, asked } = clientOf(begun(location), new Response(null, { status: 201 }));
  expect(await client.putText('registry.example.com/shop/orders', text, signal)).toEqual(ok(digest));
  const query = `_state=a%3D&digest=${encodeURIComponent(digest)}`;
  expect(asked).toEqual([`POST ${uploads}`, `PUT ${uploads}u1?${query} ${text}`]);
});

it.each([
  [
    'the project is full',
    [
      begun('/u1'),
      error(
        403,
        'DENIED',
        'adding 1 B of storage resource, which … will exceed the configured upper limit of 10 B.',
      ),
    ],
    'QUOTA_EXCEEDED',
  ],
  [
    'the account may only read',
    [error(403, 'DENIED', 'requested access to the resource is denied')],
    'REGISTRY_DENIED',
  ],
  ['no place is named', [new Response(null, { status: 202 })], 'REGISTRY_UNREACHABLE'],
])('a text is not taken if %s', async (_, answers, code) => {
  const { client } = clientOf(...answers);
  const outcome = await client.putText('registry.example.com/shop/orders', text, signal);
  expect(outcome).toMatchObject({ kind: 'failed', error: { code } });
  if (outcome.kind === 'failed') expect(outcome.error.message).toContain('registry.example.com');
});

it.each([
  ['is there', new Response(null, { status: 201 }), undefined],
  [
    'must not move',
    error(412, 'PRECONDITION', 'Failed to process request due to immutable tag'),
    'TAG_IMMUTABLE',
  ],
  ['is the one too many', error(403, 'DENIED', 'the quota is exceeded'), 'QUOTA_EXCEEDED'],
  ['must not be written', error(403, 'DENIED', 'no'), 'REGISTRY_DENIED'],
])('a manifest’s tag %s', async (_, answer, code) => {
  const { client, asked } = clientOf(answer);
  const manifest = { mediaType: 'application/vnd.oci.image.manifest.v1+json', body: '{}' };
  const outcome = await client.putManifest('registry.example.com/shop/orders', 'a1', manifest, signal);
  expect(outcome.kind === 'failed' ? outcome.error.code : undefined).toBe(code);
  expect(asked).toEqual(['PUT https://registry.example.com/v2/shop/orders/manifests/a1 {}']);
});
