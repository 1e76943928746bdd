import { describe, expect, it } from 'vitest';
import { parseChallenges, realmUrl } from './auth.ts';

describe('parseChallenges', () => {
  it.each([
    [
      'Bearer realm="https://auth.example.com/token",service="registry",scope="repository:shop/orders:pull,push"',
      [
        {
          scheme: 'bearer',
          parameters: {
            realm: 'https://auth.example.com/token',
            service: 'registry',
            scope: 'repository:shop/orders:pull,push',
          },
        },
      ],
    ],
    ['Basic realm="a \\"quoted\\" name"', [{ scheme: 'basic', parameters: { realm: 'a "quoted" name' } }]],
    [
      'Basic realm=plain, BEARER Realm = "https://x.example.com" , service=s',
      [
        { scheme: 'basic', parameters: { realm: 'plain' } },
        { scheme: 'bearer', parameters: { realm: 'https://x.example.com', service: 's' } },
      ],
    ],
    ['Negotiate', [{ scheme: 'negotiate', parameters: {} }]],
    ['', []],
  ])('reads %s', (header, challenges) => {
    expect(parseChallenges(header)).toEqual(challenges);
  });
});

describe('realmUrl: who is shown credentials', () => {
  it.each([
    ['https://auth.example.com/token', 'registry.example.com', false],
    ['https://registry.example.com/token', 'registry.example.com:8443', false],
    ['http://localhost:5000/token', 'localhost:5001', true],
    ['https://[::1]/token', '[::1]:5001', true],
  ])('%s for %s', (realm, host, insecure) => {
    expect(realmUrl(realm, { host, insecure })).toMatchObject({ kind: 'ok' });
  });

  it.each([
    // By plain HTTP anybody on the way may have written the challenge.
    ['http://evil.example.com/token', 'localhost:5001', true],
    ['https://evil.example.com/token', 'localhost:5001', true],
    ['http://registry.example.com/token', 'registry.example.com', false],
    ['http://localhost.evil.example.com/token', 'localhost:5001', true],
    ['https://user@registry.example.com/token', 'registry.example.com', false],
    ['file:///etc/passwd', 'localhost:5001', true],
    ['ftp://localhost/token', 'localhost:5001', true],
    ['token', 'localhost:5001', true],
    ['', 'registry.example.com', false],
  ])('refuses %s for %s', (realm, host, insecure) => {
    expect(realmUrl(realm, { host, insecure })).toMatchObject({
      kind: 'failed',
      error: { code: 'REGISTRY_DENIED', message: expect.stringContaining(host) as string },
    });
  });
});
