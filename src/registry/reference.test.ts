import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  apiAddress,
  formatReference,
  hostname,
  isDigest,
  isLoopbackHost,
  isRegistryName,
  isTag,
  parseReference,
  splitRegistryName,
} from './reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('parseReference', () => {
  it.each([
    ['orders', { path: 'orders' }],
    ['shop/orders', { path: 'shop/orders' }],
    ['orders:1.0', { path: 'orders', tag: '1.0' }],
    ['localhost/orders', { host: 'localhost', path: 'orders' }],
    ['localhost:5001/orders', { host: 'localhost:5001', path: 'orders' }],
    ['localhost:5001/shop/orders:abc', { host: 'localhost:5001', path: 'shop/orders', tag: 'abc' }],
    [`registry.example.com/orders@${digest}`, { host: 'registry.example.com', path: 'orders', digest }],
    [`[::1]:5000/orders:v1@${digest}`, { host: '[::1]:5000', path: 'orders', tag: 'v1', digest }],
    ['Registry/orders', { host: 'Registry', path: 'orders' }],
    ['a__b/c-d.e/f--g', { path: 'a__b/c-d.e/f--g' }],
  ])('reads %s', (text, parts) => {
    expect(parseReference(text)).toEqual(parts);
  });

  it.each([
    '',
    'Orders',
    'orders:',
    'orders:-x',
    'orders@sha256:12',
    `orders@${digest}@${digest}`,
    'orders//x',
    '/orders',
    'orders/',
    'localhost:5001/',
    'localhost:5001/orders x',
    'https://registry.example.com/orders',
    'a..b',
    `localhost:5001/${'x'.repeat(250)}`,
    `orders:${'t'.repeat(129)}`,
  ])('refuses %j', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });

  it('is the inverse of formatReference', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,4})?$/);
    const reference = fc.record(
      {
        host: fc.constantFrom(
          'localhost',
          'localhost:5001',
          'registry.example.com',
          '[::1]:5000',
          '10.0.0.1:80',
        ),
        path: fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
        tag: fc.stringMatching(/^\w[\w.-]{0,20}$/),
        digest: fc.stringMatching(/^sha256:[0-9a-f]{64}$/),
      },
      { requiredKeys: ['path'] },
    );
    fc.assert(
      fc.property(reference, (parts) => {
        expect(parseReference(formatReference(parts))).toEqual(parts);
      }),
    );
  });
});

describe('tags and digests', () => {
  it('knows them', () => {
    expect(isTag('0123456789ab')).toBe(true);
    expect(isTag('.x')).toBe(false);
    expect(isTag('a/b')).toBe(false);
    expect(isDigest(digest)).toBe(true);
    expect(isDigest(digest.toUpperCase())).toBe(false);
    expect(isDigest('md5:0123')).toBe(false);
  });
});

describe('names of registries', () => {
  it.each([
    ['localhost:5001', 'localhost:5001', ''],
    ['harbor.example.com/shop/dev', 'harbor.example.com', 'shop/dev'],
    ['kind-registry:5000', 'kind-registry:5000', ''],
    ['[::1]:5000/x', '[::1]:5000', 'x'],
  ])('splits %s', (name, host, path) => {
    expect(isRegistryName(name)).toBe(true);
    expect(splitRegistryName(name)).toEqual({ host, path });
  });

  it.each([
    '',
    'http://localhost:5001',
    'localhost:5001/',
    'localhost:port',
    'a b',
    'localhost:5001/Shop',
    '-x',
  ])('refuses %j', (name) => {
    expect(isRegistryName(name)).toBe(false);
  });

  it.each([
    ['localhost:5001', 'localhost', true],
    ['k3d-registry.localhost:5000', 'k3d-registry.localhost', true],
    ['127.8.8.8', '127.8.8.8', true],
    ['[::1]:5000', '::1', true],
    ['192.168.1.4:5000', '192.168.1.4', false],
    ['localhost.example.com:5000', 'localhost.example.com', false],
  ])('%s is host %s, loopback: %s', (host, name, loopback) => {
    expect(hostname(host)).toBe(name);
    expect(isLoopbackHost(host)).toBe(loopback);
  });

  it('knows where the API of Docker Hub is', () => {
    expect(apiAddress('docker.io', 'orders')).toEqual({
      host: 'registry-1.docker.io',
      path: 'library/orders',
    });
    expect(apiAddress('docker.io', 'ann/orders')).toEqual({
      host: 'registry-1.docker.io',
      path: 'ann/orders',
    });
    expect(apiAddress('localhost:5001', 'orders')).toEqual({ host: 'localhost:5001', path: 'orders' });
  });
});
