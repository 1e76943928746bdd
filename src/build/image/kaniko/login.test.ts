import { expect, it } from 'vitest';
import { failed, ok } from '../../../core/outcome.ts';
import type { Credentials, FindCredentials } from '../../../registry/types.ts';
import { baseReferences, loginText } from './login.ts';

const { signal } = new AbortController();

function finder(known: Readonly<Record<string, Credentials>>): FindCredentials {
  return async (repository) => await Promise.resolve(ok(known[repository]));
}

it('writes the credentials of this machine under the names that the pod uses', async () => {
  const find = finder({
    'localhost:5001/orders': { kind: 'password', username: 'robot$shop+ci', password: 'p:w' },
    'docker.io/library/base': { kind: 'identity', token: 'token' },
  });
  const text = await loginText(
    [
      { repository: 'localhost:5001/orders', host: '198.18.0.1:5001' },
      { repository: 'docker.io/library/base', host: 'docker.io' },
      { repository: 'quay.io/other', host: 'quay.io' },
    ],
    find,
    signal,
  );
  expect(text.kind === 'ok' && JSON.parse(text.value ?? '')).toEqual({
    auths: {
      '198.18.0.1:5001': { auth: Buffer.from('robot$shop+ci:p:w').toString('base64') },
      'https://index.docker.io/v1/': { identitytoken: 'token' },
    },
  });
});

it('says to whom the credentials would be shown', async () => {
  const asked: unknown[] = [];
  const find: FindCredentials = async (repository, _signal, shownTo) => {
    asked.push([repository, shownTo]);
    return await Promise.resolve(ok(undefined));
  };
  await loginText([{ repository: 'localhost:5001/orders', host: '198.18.0.1:5001' }], find, signal);
  expect(asked).toEqual([['localhost:5001/orders', '198.18.0.1:5001']]);
});

it('makes nothing if there are no credentials, and passes a damaged file on', async () => {
  const registries = [{ repository: 'localhost:5001/orders', host: 'registry:5000' }];
  expect(await loginText(registries, finder({}), signal)).toEqual(ok(undefined));
  const broken = failed('REGISTRY_DENIED', 'config.json is not valid JSON');
  expect(await loginText(registries, async () => await Promise.resolve(broken), signal)).toEqual(broken);
});

it('finds the images that a Containerfile begins with', () => {
  const text = [
    '# FROM nothing',
    'ARG BASE=x',
    'FROM --platform=linux/amd64 registry.example.com/jdk:17 AS build',
    'FROM ${BASE}',
    'from eclipse-temurin:17-jre',
    'FROM scratch',
  ].join('\n');
  expect(baseReferences(text)).toEqual(['registry.example.com/jdk:17', 'eclipse-temurin:17-jre']);
});
