import { expect, it } from 'vitest';
import { pinBases } from './pin.ts';

const digests: Readonly<Record<string, string>> = {
  'localhost:5001/java:17': '198.18.0.1:5001/java@sha256:17',
  'eclipse-temurin': 'docker.io/library/eclipse-temurin@sha256:t',
};

async function pinned(text: string): Promise<string | undefined> {
  return await pinBases(text, async (name) => await Promise.resolve(digests[name]));
}

it.each([
  ['FROM localhost:5001/java:17\nCOPY a /a\n', 'FROM 198.18.0.1:5001/java@sha256:17\nCOPY a /a\n'],
  [
    '# first\r\nFROM --platform=linux/amd64 \\\r\n  localhost:5001/java:17 AS build\r\nCOPY a /a\r\n',
    '# first\r\nFROM --platform=linux/amd64 \\\r\n  198.18.0.1:5001/java@sha256:17 AS build\r\nCOPY a /a\r\n',
  ],
  [
    'FROM eclipse-temurin AS Jars\nCOPY a /a\nFROM localhost:5001/java:17\nCOPY --from=jars /a /a\nCOPY --from=0 /a /b\n',
    'FROM docker.io/library/eclipse-temurin@sha256:t AS Jars\nCOPY a /a\nFROM 198.18.0.1:5001/java@sha256:17\nCOPY --from=jars /a /a\nCOPY --from=0 /a /b\n',
  ],
  ['FROM scratch\nCOPY <<EOF /a\nRUN no\nEOF\n', 'FROM scratch\nCOPY <<EOF /a\nRUN no\nEOF\n'],
  [
    'FROM localhost:5001/java:17 AS a\nFROM a\nFROM A\nUSER 1\n',
    'FROM 198.18.0.1:5001/java@sha256:17 AS a\nFROM a\nFROM A\nUSER 1\n',
  ],
])('%j is decided by its files, with each base by digest', async (text, expected) => {
  expect(await pinned(text)).toBe(expected);
});

it.each([
  'FROM localhost:5001/java:17\nRUN apt-get update\n',
  'FROM localhost:5001/java:17\nONBUILD RUN true\n',
  'FROM localhost:5001/java:17\nADD https://example.com/a /a\n',
  'FROM localhost:5001/java:17\nadd a.tar /\n',
  'ARG BASE=localhost:5001/java:17\nFROM $BASE\nCOPY a /a\n',
  'FROM localhost:5001/java:17\nCOPY --from=busybox:1 /bin/sh /sh\n',
  'FROM localhost:5001/java:17\nCOPY --from=$STAGE /a /a\n',
  'FROM nobody/knows:1\nCOPY a /a\n',
  'FROM\nCOPY a /a\n',
])('%j is decided by more than its files', async (text) => {
  expect(await pinned(text)).toBeUndefined();
});
