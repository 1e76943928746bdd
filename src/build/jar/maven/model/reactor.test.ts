import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  expand,
  findModule,
  findReactor,
  outputFolderOf,
  runtimeOf,
  selector,
  upstreamOf,
  type Module,
  type Reactor,
} from './reactor.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'appdev-reactor-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

const project = (artifactId: string, content = ''): string =>
  `<project><groupId>com.example</groupId><artifactId>${artifactId}</artifactId>${content}</project>`;
const child = (artifactId: string, content = '', parentPath = ''): string =>
  `<project><parent><groupId>com.example</groupId><artifactId>parent</artifactId>${parentPath}</parent><artifactId>${artifactId}</artifactId>${content}</project>`;
const modules = (...names: string[]): string =>
  `<packaging>pom</packaging><modules>${names.map((name) => `<module>${name}</module>`).join('')}</modules>`;
const needs = (...names: string[]): string =>
  `<dependencies>${names.map((name) => `<dependency><groupId>\${project.groupId}</groupId><artifactId>${name}</artifactId></dependency>`).join('')}</dependencies>`;

function reactorAt(folder: string): Reactor {
  const found = findReactor(join(root, folder));
  if (found === undefined) throw new Error(`no reactor at ${folder}`);
  return found;
}

function moduleAt(reactor: Reactor, folder: string): Module {
  const found = reactor.modules.get(join(root, folder, 'pom.xml'));
  if (found === undefined) throw new Error(`no module ${folder}`);
  return found;
}

const names = (found: readonly Module[]): string[] => found.map(({ pom }) => pom.artifactId).sort();

describe('findReactor', () => {
  it('is the project alone when nobody lists it', () => {
    write('pom.xml', project('outer'));
    write('inner/pom.xml', project('inner'));
    expect(reactorAt('inner').top).toBe(join(root, 'inner'));
  });

  it('climbs to the topmost pom.xml whose modules lead to it, also over several folders', () => {
    write('pom.xml', project('parent', modules('services/orders', 'libs')));
    write('services/orders/pom.xml', child('orders'));
    write('libs/pom.xml', child('libs', modules('common')));
    write('libs/common/pom.xml', child('common'));
    expect(reactorAt('services/orders').top).toBe(root);
    expect(reactorAt('libs/common').top).toBe(root);
    expect([...reactorAt('libs/common').modules.keys()].map((file) => file.slice(root.length))).toEqual([
      '/pom.xml',
      '/services/orders/pom.xml',
      '/libs/pom.xml',
      '/libs/common/pom.xml',
    ]);
  });

  it('follows modules that are named by their file, and modules of profiles, and no circle', () => {
    write(
      'pom.xml',
      project(
        'parent',
        `${modules('a/pom.xml', '.')}<profiles><profile><modules><module>b</module></modules></profile></profiles>`,
      ),
    );
    write('a/pom.xml', child('a', modules('..')));
    write('b/pom.xml', child('b'));
    expect(names([...reactorAt('b').modules.values()])).toEqual(['a', 'b', 'parent']);
  });

  it('finds none without a pom.xml, or with one that is being typed', () => {
    expect(findReactor(root)).toBeUndefined();
    write('pom.xml', '<proj');
    expect(findReactor(root)).toBeUndefined();
  });
});

describe('a module', () => {
  beforeEach(() => {
    write(
      'pom.xml',
      project(
        'parent',
        `${modules('app', 'common', 'api', 'other', 'bom', 'rules')}<properties><out>build/maven</out></properties>`,
      ),
    );
    write(
      'app/pom.xml',
      child(
        'app',
        `${needs('common')}<dependencyManagement><dependencies><dependency><groupId>com.example</groupId><artifactId>bom</artifactId><scope>import</scope></dependency></dependencies></dependencyManagement>
         <build><directory>\${out}</directory><plugins><plugin><artifactId>x</artifactId><configuration><spec>\${project.basedir}/api.yaml</spec><gone>not-there</gone><up>../other</up><t>\${project.build.directory}/x</t></configuration><dependencies><dependency><groupId>com.example</groupId><artifactId>rules</artifactId></dependency></dependencies></plugin></plugins></build>`,
      ),
    );
    write('common/pom.xml', child('common', needs('api')));
    for (const name of ['api', 'other', 'bom', 'rules']) write(`${name}/pom.xml`, child(name));
  });

  it('needs its dependencies, theirs, its parents, BOMs and what its plugins use, and no other', () => {
    const reactor = reactorAt('app');
    expect(names(upstreamOf(reactor, moduleAt(reactor, 'app')))).toEqual([
      'api',
      'app',
      'bom',
      'common',
      'parent',
      'rules',
    ]);
    expect(names(upstreamOf(reactor, moduleAt(reactor, 'other')))).toEqual(['other', 'parent']);
  });

  it('is found by folder, artifactId and coordinates', () => {
    const reactor = reactorAt('app');
    const common = moduleAt(reactor, 'common');
    expect(findModule(reactor, root, 'common')).toBe(common);
    expect(findModule(reactor, join(root, 'app'), '../common')).toBe(common);
    expect(findModule(reactor, root, ':common')).toBe(common);
    expect(findModule(reactor, root, 'com.example:common')).toBe(common);
    expect(findModule(reactor, root, 'com.other:common')).toBeUndefined();
    expect(findModule(reactor, root, 'nope')).toBeUndefined();
  });

  it('is named to Maven by its folder; the top is not named', () => {
    const reactor = reactorAt('app');
    expect(selector(moduleAt(reactor, 'app'), reactor)).toBe('app');
    expect(selector(moduleAt(reactor, '.'), reactor)).toBeUndefined();
  });

  it.each(['-app', '!app', 'a,b', 'app/pom-2.xml'])(
    'is named to Maven by its name if its folder is %s',
    (named) => {
      write('pom.xml', project('parent', modules(named)));
      write(named.endsWith('.xml') ? named : `${named}/pom.xml`, project('odd'));
      const reactor = reactorAt('.');
      const module = [...reactor.modules.values()].find(({ pom }) => pom.artifactId === 'odd');
      expect(module === undefined ? undefined : selector(module, reactor)).toBe('com.example:odd');
    },
  );

  it('writes to the output folder that its pom and its parent’s properties say', () => {
    const reactor = reactorAt('app');
    expect(outputFolderOf(moduleAt(reactor, 'app'), reactor)).toBe(join(root, 'app/build/maven'));
    expect(outputFolderOf(moduleAt(reactor, 'common'), reactor)).toBe(join(root, 'common/target'));
  });

  it('writes to the output folder that it inherits, in its own folder', () => {
    write(
      'pom.xml',
      project(
        'parent',
        `${modules('app', 'common')}<build><directory>\${project.basedir}/made</directory></build><properties><out>x</out></properties>`,
      ),
    );
    const reactor = reactorAt('app');
    expect(outputFolderOf(moduleAt(reactor, 'common'), reactor)).toBe(join(root, 'common/made'));
    expect(outputFolderOf(moduleAt(reactor, 'app'), reactor)).toBe(join(root, 'app/x'));
  });

  it('fills in the folders that Maven knows', () => {
    write('.mvn/maven.config');
    const reactor = reactorAt('app');
    const app = moduleAt(reactor, 'app');
    const texts = ['${basedir}', '${project.build.outputDirectory}', '${project.parent.basedir}/x'];
    expect(texts.map((text) => expand(text, app, reactor))).toEqual([
      join(root, 'app'),
      join(root, 'app/build/maven/classes'),
      join(root, 'x'),
    ]);
    expect(expand('${maven.multiModuleProjectDirectory} ${no.such}', app, reactor)).toBe(
      `${root} \${no.such}`,
    );
  });

  it('is its own parent only once', () => {
    write('loop/pom.xml', child('parent', '', '<relativePath>../loop</relativePath>'));
    expect(outputFolderOf(moduleAt(reactorAt('loop'), 'loop'), reactorAt('loop'))).toBe(
      join(root, 'loop/target'),
    );
  });

  it('also has a parent outside of the reactor, when it lies there', () => {
    write('shared/pom.xml', project('parent'));
    write('solo/pom.xml', child('solo', '', '<relativePath>../shared</relativePath>'));
    const reactor = reactorAt('solo');
    expect(names(upstreamOf(reactor, moduleAt(reactor, 'solo')))).toEqual(['parent', 'solo']);
  });

  it('does not take another pom above it for its parent', () => {
    write('shop/pom.xml', project('something-else'));
    write('shop/solo/pom.xml', child('solo'));
    const reactor = reactorAt('shop/solo');
    expect(names(upstreamOf(reactor, moduleAt(reactor, 'shop/solo')))).toEqual(['solo']);
  });
});

describe('runtimeOf', () => {
  it('is in the order of the class path, without what only tests, plugins or the compiler need', () => {
    const scoped = (name: string, scope: string): string =>
      `<dependency><groupId>com.example</groupId><artifactId>${name}</artifactId><scope>${scope}</scope></dependency>`;
    write('pom.xml', project('parent', modules('app', 'a', 'b', 'c', 'd', 't', 'p') + needs('d')));
    const own = [
      scoped('b', 'runtime'),
      scoped('t', 'test'),
      scoped('p', 'provided'),
      scoped('a', 'compile'),
    ];
    write('app/pom.xml', child('app', `<dependencies>${own.join('')}</dependencies>`));
    write('b/pom.xml', child('b', needs('c')));
    for (const name of ['a', 'c', 'd', 't', 'p']) write(`${name}/pom.xml`, project(name));
    const reactor = reactorAt('app');
    const found = runtimeOf(reactor, moduleAt(reactor, 'app')).map(({ pom }) => pom.artifactId);
    // `d` comes by the parent that `b` inherits from, too.
    expect(found).toEqual(['app', 'b', 'c', 'd', 'a']);
  });
});
