import { expect, it } from 'vitest';
import { imageHosts } from './image-hosts.ts';

it.each<[string, string, Record<string, string>, readonly string[]]>([
  ['a base', 'FROM a.example.com:5000/jre:17', {}, ['a.example.com:5000']],
  ['a base with a platform', 'FROM --platform=linux/amd64 a.example.com/jre AS x', {}, ['a.example.com']],
  ['a base of an argument', 'ARG BASE=a.example.com/jre\nFROM $BASE', {}, ['a.example.com']],
  [
    'a given argument',
    'ARG BASE=a.example.com/jre\nFROM ${BASE}',
    { BASE: 'b.example.com/jre' },
    ['b.example.com'],
  ],
  ['a tag that is not known', 'FROM a.example.com/jre:${TAG}', {}, ['a.example.com']],
  ['a short name', 'FROM eclipse-temurin:17', {}, ['docker.io']],
  [
    'a copy',
    'FROM localhost:5001/a\nCOPY --from=b.example.com/tools /x /x',
    {},
    ['localhost:5001', 'b.example.com'],
  ],
  [
    'a mount',
    'FROM localhost:5001/a\nRUN --mount=type=bind,from=b.example.com/tools,target=/t /t/x',
    {},
    ['localhost:5001', 'b.example.com'],
  ],
])('are those of %s', (_name, text, args, hosts) => {
  expect(imageHosts(`${text}\n`, args)).toEqual(hosts);
});
