import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseModels, saysEverything, withModels } from './effective.ts';
import { mavenInputs } from './inputs.ts';
import { classesFolderOf, findReactor, runtimeOf, type Module, type Reactor } from './reactor.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-effective-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const named = (artifactId: string): string => `<groupId>g</groupId><artifactId>${artifactId}</artifactId>`;
const parent = '<parent><groupId>g</groupId><artifactId>parent</artifactId></parent>';

/** The reactor of `app`, whose pom has this content. Its parent and the module `lib` lie beside it. */
function reactorWith(app: string, above = ''): { reactor: Reactor; module: Module } {
  const modules = '<modules><module>app</module><module>lib</module></modules>';
  write('pom.xml', `<project>${above}${named('parent')}<packaging>pom</packaging>${modules}</project>`);
  write('app/pom.xml', `<project>${parent}<artifactId>app</artifactId>${app}</project>`);
  write('lib/pom.xml', `<project>${parent}<artifactId>lib</artifactId></project>`);
  const reactor = findReactor(join(root, 'app'));
  const module = reactor?.modules.get(join(root, 'app/pom.xml'));
  if (reactor === undefined || module === undefined) throw new Error('no module');
  return { reactor, module };
}

const inBuild = (text: string): string => `<build>${text}</build>`;
const config = (text: string): string =>
  inBuild(
    `<plugins><plugin><artifactId>x</artifactId><configuration><a>${text}</a></configuration></plugin></plugins>`,
  );

describe('pom files say everything', () => {
  it.each([
    ['about a plain module', ''],
    ['about folders of the module', inBuild('<sourceDirectory>${project.basedir}/java</sourceDirectory>')],
    ['about values of the pom itself', config('target/${project.artifactId}-${project.version}.jar')],
    ['with a property that is no path', config('${mapstruct.version}')],
  ])('%s', (_, app) => {
    const { reactor, module } = reactorWith(app);
    expect(saysEverything(reactor, module)).toBe(true);
  });

  it('below the parent of Spring Boot', () => {
    const boot =
      '<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId></parent>';
    const { reactor, module } = reactorWith('', boot);
    expect(saysEverything(reactor, module)).toBe(true);
  });

  it.each([
    ['a profile', '<profiles><profile><id>p</id></profile></profiles>', ''],
    ['a property in a path', `<properties><a>b</a></properties>${config('x/${a}')}`, ''],
    ['a property as a folder', inBuild('<sourceDirectory>${a}</sourceDirectory>'), ''],
    ['a parent from elsewhere', '', '<parent><groupId>g</groupId><artifactId>company</artifactId></parent>'],
  ])('not with %s', (_, app, above) => {
    const { reactor, module } = reactorWith(app, above);
    expect(saysEverything(reactor, module)).toBe(false);
  });
});

describe('a reactor with what Maven says', () => {
  const dependency = (name: string, scope: string): string =>
    `<dependency>${named(name)}<scope>${scope}</scope></dependency>`;

  /** `app` with an effective model of this content. */
  function effective(build: string, dependencies = ''): { reactor: Reactor; module: Module } {
    const { reactor, module } = reactorWith('');
    const model = `<project>${parent}${named('app')}<build>${build}</build><dependencies>${dependencies}</dependencies></project>`;
    const seen = withModels(reactor, new Map([[module.file, model]]));
    return { reactor: seen, module: seen.modules.get(module.file) ?? module };
  }
  const short = (paths: readonly string[]): string[] => paths.map((path) => relative(root, path));

  it('has the folders of sources, resources and classes from it', () => {
    const { reactor, module } = effective(
      `<sourceDirectory>${root}/app/java</sourceDirectory><outputDirectory>${root}/app/made/c</outputDirectory><directory>${root}/app/made</directory><resources><resource><directory>${root}/texts</directory></resource></resources>`,
    );
    const { sources, outputs } = mavenInputs(reactor, module);
    expect(short(sources)).toEqual(['app/java', 'app/src/main', 'app/src/test', 'texts']);
    expect(short(outputs)).toContain('app/made');
    expect(relative(root, classesFolderOf(module, reactor))).toBe('app/made/c');
  });

  it('has what plugins read below the build, but no programs of the machine', () => {
    write('api/a.yaml', '');
    const plugin = (text: string): string =>
      `<plugin><artifactId>x</artifactId><configuration><a>${text}</a></configuration></plugin>`;
    const { reactor, module } = effective(
      `<plugins>${plugin(`${root}/app/../api/a.yaml`)}${plugin(process.execPath)}</plugins>`,
    );
    expect(short(mavenInputs(reactor, module).paths).filter((path) => !/pom\.xml$|src/.test(path))).toEqual([
      'api/a.yaml',
    ]);
  });

  it('has the scopes of its dependencies, which a parent may manage', () => {
    const names = (scope: string): string[] => {
      const { reactor, module } = effective('', dependency('lib', scope));
      return runtimeOf(reactor, module).map(({ pom }) => pom.artifactId);
    };
    expect(names('compile')).toEqual(['app', 'lib']);
    expect(names('test')).toEqual(['app']);
  });
});

it('reads only what the listener writes', () => {
  expect(parseModels({ projects: [{ pom: '/p/pom.xml', model: '<project/>' }] })).toEqual(
    new Map([['/p/pom.xml', '<project/>']]),
  );
  for (const other of [undefined, {}, { projects: 1 }, { projects: [{ pom: '/p/pom.xml' }] }]) {
    expect(parseModels(other)).toBeUndefined();
  }
});
