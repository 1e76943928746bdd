import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mavenInputs } from './inputs.ts';
import { findReactor } from './reactor.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-inputs-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const build = (content: string): string => `<build>${content}</build>`;
const resource = (directory: string, ...includes: readonly string[]): string =>
  `<resource><directory>${directory}</directory>${includes.length === 0 ? '' : `<includes>${includes.map((name) => `<include>${name}</include>`).join('')}</includes>`}</resource>`;
const resources = (...all: readonly string[]): string => build(`<resources>${all.join('')}</resources>`);

function writeModule(name: string, content: string): void {
  write(
    `${name}/pom.xml`,
    `<project><parent><groupId>g</groupId><artifactId>parent</artifactId></parent><artifactId>${name}</artifactId>${content}</project>`,
  );
}

/** A parent with that content, whose modules are `app` and `lib`. */
function writeParent(content: string): void {
  write(
    'pom.xml',
    `<project><groupId>g</groupId><artifactId>parent</artifactId><packaging>pom</packaging><modules><module>app</module><module>lib</module></modules>${content}</project>`,
  );
}

/** Inputs of `app`, relative to the root. */
function inputs(): { paths: string[]; sources: string[]; outputs: string[] } {
  const reactor = findReactor(join(root, 'app'));
  const module = reactor?.modules.get(join(root, 'app/pom.xml'));
  if (reactor === undefined || module === undefined) throw new Error('no module');
  const { paths, sources, outputs } = mavenInputs(reactor, module);
  const short = (names: readonly string[]): string[] => names.map((name) => relative(root, name));
  return { paths: short(paths), sources: short(sources), outputs: short(outputs) };
}

beforeEach(() => {
  writeParent('');
  writeModule('app', '');
  writeModule('lib', '');
});

const usual = ['app/src/main', 'app/src/test'];

describe('the inputs of a module', () => {
  it('are its sources, the pom files, what its build names, and Maven’s settings around it', () => {
    write('app/api.yaml');
    write('app/target/x/generated.java');
    write('.mvn/maven.config');
    write('mvnw');
    write('lombok.config');
    write('lib/lombok.config');
    writeModule(
      'app',
      build(
        '<plugins><plugin><artifactId>x</artifactId><configuration><spec>${project.basedir}/api.yaml</spec><gone>not-there</gone><t>${project.build.directory}/x</t></configuration></plugin></plugins>',
      ),
    );
    expect(inputs()).toEqual({
      paths: ['.mvn', 'app/api.yaml', 'app/pom.xml', ...usual, 'lombok.config', 'mvnw', 'pom.xml'],
      sources: usual,
      outputs: ['app/target', 'lib/target', 'target'],
    });
  });

  it('are of its own folder if it inherits them', () => {
    writeParent(
      build(
        `<sourceDirectory>src/java</sourceDirectory><testSourceDirectory>\${project.basedir}/test</testSourceDirectory><resources>${resource('conf')}</resources>`,
      ),
    );
    expect(inputs().sources).toEqual(['app/conf', 'app/src/java', ...usual, 'app/test']);
  });

  it('are inherited over several parents, also from one outside of the build', () => {
    write(
      'company/pom.xml',
      `<project><groupId>g</groupId><artifactId>company</artifactId><packaging>pom</packaging>${build('<sourceDirectory>java</sourceDirectory>')}</project>`,
    );
    writeParent(
      '<parent><groupId>g</groupId><artifactId>company</artifactId><relativePath>company</relativePath></parent>',
    );
    expect(inputs().paths).toEqual(['app/java', 'app/pom.xml', ...usual, 'company/pom.xml', 'pom.xml']);
  });

  it('lie wherever a resource or a source root lies, there or not yet', () => {
    write('api/orders.yaml');
    write('front/index.html');
    writeModule(
      'app',
      `<properties><shared>../shared</shared></properties>${build(
        `<resources>${resource('${project.basedir}/../config')}${resource('${shared}/texts')}${resource('/etc/appdev-no-such-folder')}</resources>
         <plugins><plugin><artifactId>x</artifactId><configuration><sources><source>../common/java</source></sources></configuration></plugin>
         <plugin><artifactId>y</artifactId><configuration><spec>../api/orders.yaml</spec><gone>../gone</gone><in>../front</in><outputDirectory>../front</outputDirectory><sh>/bin/sh</sh></configuration></plugin></plugins>`,
      )}`,
    );
    const { paths, sources } = inputs();
    expect(sources).toEqual([
      relative(root, '/etc/appdev-no-such-folder'),
      ...usual,
      'common/java',
      'config',
      'shared/texts',
    ]);
    expect(paths).toEqual(expect.arrayContaining(['api/orders.yaml', 'front', 'config']));
    expect(paths).not.toEqual(expect.arrayContaining([expect.stringMatching(/gone|bin\/sh/)]));
  });

  it('are not output of the modules that are built, but may be what another module has made', () => {
    writeModule(
      'app',
      resources(
        resource('${project.build.directory}/made'),
        resource('target'),
        resource('../lib/target/dist'),
      ),
    );
    expect(inputs().sources).toEqual([...usual, 'lib/target/dist']);
    writeModule(
      'app',
      `<dependencies><dependency><groupId>g</groupId><artifactId>lib</artifactId></dependency></dependencies>${resources(resource('../lib/target/dist'))}`,
    );
    expect(inputs().sources).toEqual([...usual, 'lib/src/main', 'lib/src/test']);
  });

  it('are no more of a folder than its patterns can take', () => {
    writeModule('app', resources(resource('..', 'LICENSE', 'legal/**', 'a/b*/c.txt'), resource('', 'x')));
    expect(inputs().sources).toEqual(['LICENSE', 'a', ...usual, 'legal']);
  });

  it('may be a folder around the module, where git has its say', () => {
    for (const directory of ['.', '${basedir}', '..']) {
      writeModule('app', resources(resource(directory)));
      const { paths, sources } = inputs();
      expect(sources).toEqual(usual);
      expect(paths).toContain(directory === '..' ? '' : 'app');
    }
    // A folder that is not a source folder does not count: a program may run in it.
    writeModule(
      'app',
      build(
        '<plugins><plugin><artifactId>x</artifactId><configuration><cwd>..</cwd></configuration></plugin></plugins>',
      ),
    );
    expect(inputs().paths).toEqual(['app/pom.xml', ...usual, 'pom.xml']);
  });
});
