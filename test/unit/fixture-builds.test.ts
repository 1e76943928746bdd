/** The fixture's services have two builds each, Maven's and Gradle's. They describe the same jar. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { child, children, parseXml, textOf } from '../../src/build/jar/maven/xml.ts';

const fixture = resolve(import.meta.dirname, '../../fixtures/spring-app');

/** What both builds say. */
interface Described {
  readonly name: string | undefined;
  readonly group: string | undefined;
  readonly version: string | undefined;
  readonly description: string | undefined;
  readonly springBoot: string | undefined;
  readonly release: string | undefined;
  /** Of the sources. */
  readonly encoding: string | undefined;
  /** Whether classes keep the names of parameters (javac's `-parameters`). */
  readonly parameters: boolean;
  /** Whether equal sources give equal bytes: entries in one order, with one time. */
  readonly reproducible: boolean;
  /** `scope group:artifact`, sorted. Versions are Spring Boot's. */
  readonly dependencies: readonly string[];
}

/** What Spring Boot's parent pom sets for whoever has it and does not say otherwise. */
const parents = { encoding: 'UTF-8', parameters: true };

function maven(folder: string): Described {
  const project = parseXml(readFileSync(join(folder, 'pom.xml'), 'utf8'));
  const dependencies = children(child(project, 'dependencies'), 'dependency').map((element) => {
    const extra = ['version', 'optional', 'exclusions', 'classifier'].filter((name) => child(element, name));
    const where = textOf(element, 'scope') ?? 'compile';
    return [`${where} ${textOf(element, 'groupId')}:${textOf(element, 'artifactId')}`, ...extra].join(
      ' with ',
    );
  });
  const properties = child(project, 'properties');
  const plugins = children(child(child(project, 'build'), 'plugins'), 'plugin');
  const inherits =
    textOf(child(project, 'parent'), 'artifactId') === 'spring-boot-starter-parent' &&
    plugins.every((plugin) => textOf(plugin, 'artifactId') !== 'maven-compiler-plugin');
  const parameters = textOf(properties, 'maven.compiler.parameters');
  return {
    encoding: textOf(properties, 'project.build.sourceEncoding') ?? (inherits ? parents.encoding : undefined),
    parameters: parameters === undefined ? inherits && parents.parameters : parameters === 'true',
    reproducible: textOf(properties, 'project.build.outputTimestamp') !== undefined,
    name: textOf(project, 'artifactId'),
    group: textOf(project, 'groupId'),
    version: textOf(project, 'version'),
    description: textOf(project, 'description'),
    springBoot: textOf(child(project, 'parent'), 'version'),
    release: textOf(properties, 'java.version'),
    dependencies: dependencies.sort(),
  };
}

/** What Gradle needs said and Maven's plugins bring by themselves. */
const gradlesOwn = 'testRuntimeOnly org.junit.platform:junit-platform-launcher';
const scopes: Readonly<Record<string, string>> = { implementation: 'compile', testImplementation: 'test' };

function gradle(folder: string): Described {
  const build = readFileSync(join(folder, 'build.gradle'), 'utf8');
  const settings = readFileSync(join(folder, 'settings.gradle'), 'utf8');
  const blockOf = (head: string): string => build.split(`\n${head} {\n`)[1]?.split('\n}')[0] ?? '';
  const block = blockOf('dependencies');
  const compiling = blockOf('tasks.withType(JavaCompile).configureEach');
  const packing = blockOf('tasks.withType(AbstractArchiveTask).configureEach');
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
    release: first(compiling, /^ +options\.release = (\d+)$/m),
    encoding: first(compiling, /^ +options\.encoding = '(.*)'$/m),
    parameters: /^ +options\.compilerArgs\.add\('-parameters'\)$/m.test(compiling),
    reproducible:
      /^ +preserveFileTimestamps = false$/m.test(packing) &&
      /^ +reproducibleFileOrder = true$/m.test(packing),
    dependencies: dependencies.sort(),
  };
}

describe.each(['.', 'stock'])('the builds of the service in %s', (service) => {
  it('agree', () => {
    const folder = join(fixture, service);
    const described = maven(folder);
    expect(gradle(folder)).toEqual(described);
    // Both without it would agree too.
    const lacking = Object.entries(described).filter(([, value]: [string, unknown]) => !value);
    expect(lacking).toEqual([]);
    expect(described.dependencies.length).toBeGreaterThan(2);
  });
});
