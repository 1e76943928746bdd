import { expect, it } from 'vitest';
import { readEvent } from './events.ts';

const pom = '/p/pom.xml';

it.each([
  [
    { type: 'started', pom, plugin: 'maven-compiler-plugin', goal: 'compile', number: 3 },
    { type: 'started', goal: { pom, plugin: 'compiler', goal: 'compile' }, number: 3 },
  ],
  [
    { type: 'ended', pom, plugin: 'spring-boot-maven-plugin', goal: 'repackage' },
    { type: 'ended', goal: { pom, plugin: 'spring-boot', goal: 'repackage' }, number: 0 },
  ],
  [
    { type: 'started', pom, plugin: 'kotlin-maven-plugin', goal: 'compile' },
    { type: 'started', goal: { pom, plugin: 'kotlin', goal: 'compile' }, number: 0 },
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
