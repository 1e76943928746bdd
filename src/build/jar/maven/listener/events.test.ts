import { expect, it } from 'vitest';
import { readEvent } from './events.ts';

const pom = '/p/pom.xml';

it.each([
  [
    { type: 'started', at: 5, pom, plugin: 'maven-compiler-plugin', goal: 'compile' },
    { type: 'started', goal: { atMs: 5, pom, plugin: 'compiler', goal: 'compile' } },
  ],
  [
    { type: 'ended', at: 5, pom, plugin: 'spring-boot-maven-plugin', goal: 'repackage' },
    { type: 'ended', goal: { atMs: 5, pom, plugin: 'spring-boot', goal: 'repackage' } },
  ],
  [
    { type: 'started', at: 5, pom, plugin: 'kotlin-maven-plugin', goal: 'compile' },
    { type: 'started', goal: { atMs: 5, pom, plugin: 'kotlin', goal: 'compile' } },
  ],
  [
    { type: 'said', line: "App.java:[1,2] ';' expected" },
    { type: 'said', line: "App.java:[1,2] ';' expected" },
  ],
  [
    { type: 'made', pom, file: '/p/target/a.jar' },
    { type: 'made', pom, file: '/p/target/a.jar' },
  ],
  [
    { type: 'session', failed: true },
    { type: 'session', failed: true },
  ],
  [{ type: 'new in a later version' }, undefined],
])('reads %j', (printed, event) => {
  expect(readEvent(JSON.stringify(printed))).toEqual(event);
});

it.each(['', '{"type":"said","line":"cut', 'null', '[]'])('reads nothing in %j', (text) => {
  expect(readEvent(text)).toBeUndefined();
});
