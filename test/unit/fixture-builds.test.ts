/** The fixture's services have two builds each, Maven's and Gradle's. They describe the same jar. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { child, children, parseXml, textOf } from '../../src/build/xml.ts';

const fixture = resolve(import.meta.dirname, '../../fixtures/spring-app');

/** What both builds say. */
interface Described {
  readonly name: string | undefined;
  readonly group: string | undefined;
  readonly version: string | undefined;
  readonly description: string | undefined;
  readonly springBoot: string | undefined;
  readonly release: string | undefined;
  /** `scope group:artifact`, sorted. Versions are Spring Boot's. */
  readonly dependencies: readonly string[];
}

function maven(folder: string): Described {
  const project = parseXml(readFileSync(join(folder, 'pom.xml'), 'utf8'));
  const dependencies = children(child(project, 'dependencies'), 'dependency').map((element) => {
    const extra = ['version', 'optional', 'exclusions', 'classifier'].filter((name) => child(element, name));
    const where = textOf(element, 'scope') ?? 'compile';
    return [`${where} ${textOf(element, 'groupId')}:${textOf(element, 'artifactId')}`, ...extra].join(
      ' with ',
    );
  });
  return {
    name: textOf(project, 'artifactId'),
    group: textOf(project, 'groupId'),
    version: textOf(project, 'version'),
    description: textOf(project, 'description'),
    springBoot: textOf(child(project, 'parent'), 'version'),
    release: textOf(child(project, 'properties'), 'java.version'),
    dependencies: dependencies.sort(),
  };
}

/** What Gradle needs said and Maven's plugins bring by themselves. */
const gradlesOwn = 'testRuntimeOnly org.junit.platform:junit-platform-launcher';
const scopes: Readonly<Record<string, string>> = { implementation: 'compile', testImplementation: 'test' };

function gradle(folder: string): Described {
  const build = readFileSync(join(folder, 'build.gradle'), 'utf8');
  const settings = readFileSync(join(folder, 'settings.gradle'), 'utf8');
  const block = /^dependencies \{\n([\s\S]*?)^\}/m.exec(build)?.[1] ?? '';
  const dependencies = [...block.matchAll(/^ +(\w+) '([^']+)'(.*)$/gm)]
    .map(([, configuration = '', name = '', rest = '']) => ({ configuration, name: name + rest }))
    .filter(({ configuration, name }) => `${configuration} ${name}` !== gradlesOwn)
    .map(({ configuration, name }) => `${scopes[configuration] ?? configuration} ${name}`);
  const first = (text: string, pattern: RegExp): string | undefined => pattern.exec(text)?.[1];
  return {
    name: first(settings, /^rootProject\.name = '(.*)'$/m),
    group: first(build, /^group = '(.*)'$/m),
    version: first(build, /^version = '(.*)'$/m),
    description: first(build, /^description = '(.*)'$/m),
    springBoot: first(build, /id 'org\.springframework\.boot' version '(.*)'/),
    release: first(build, /options\.release = (\d+)/),
    dependencies: dependencies.sort(),
  };
}

describe.each(['.', 'stock'])('the builds of the service in %s', (service) => {
  it('agree', () => {
    const folder = join(fixture, service);
    const described = maven(folder);
    expect(gradle(folder)).toEqual(described);
    expect(Object.values(described).every((value: unknown) => value !== undefined && value !== '')).toBe(
      true,
    );
    expect(described.dependencies.length).toBeGreaterThan(2);
  });
});
