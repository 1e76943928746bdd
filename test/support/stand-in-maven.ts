/**
 * Small Maven projects of many shapes, made by a generator, and a stand-in for Maven that knows what goes into the
 * artifact because it made the project, not because it read the poms. It answers appdev's question for the effective
 * models as Maven does.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as fc from 'fast-check';
import { modelsVariable } from '../../src/build/jar/maven/listener/source.ts';
import type { ImageSource, ServiceConfig } from '../../src/config/model.ts';
import type { RunProcess } from '../../src/support/process/process.ts';
import { fakeService } from './fake-loop-parts.ts';

/** How a folder is written in a pom: as it is, or by a property. */
export type Writing =
  'plain' | 'basedir' | 'property' | 'property of a profile' | 'property of the command line';
/** Where a build's settings stand. */
export type Place = 'own' | 'parent' | 'repository';

/** One project, as data. */
export interface Shape {
  /** Folder of the module below the top. */
  readonly module: 'app' | 'services/app';
  readonly sources: {
    readonly folder: 'src/main/java' | 'java' | '../shared/java';
    readonly place: Place;
    readonly writing: Writing;
  };
  readonly resources: readonly {
    readonly folder: 'conf' | '../config' | 'src/main/resources';
    readonly include: '' | 'a.txt' | 'sub/*' | '**/*.txt';
  }[];
  readonly resourcesPlace: Place;
  /** A file that a plugin of the module reads. */
  readonly spec: 'none' | 'api/api.yaml' | '../api/api.yaml';
  readonly specPlace: Place;
  readonly output: 'target' | 'made';
  /** Whether the app needs the module `lib`. There is one in any case. */
  readonly needsLib: boolean;
  readonly image: 'layers' | 'jar' | 'jar and folder' | 'mount' | 'argument';
}

const place = fc.constantFrom<Place>('own', 'parent', 'repository');

/** All shapes. */
export const shapes: fc.Arbitrary<Shape> = fc.record({
  module: fc.constantFrom('app', 'services/app'),
  sources: fc.record({
    folder: fc.constantFrom('src/main/java', 'java', '../shared/java'),
    place,
    writing: fc.constantFrom<Writing>(
      'plain',
      'basedir',
      'property',
      'property of a profile',
      'property of the command line',
    ),
  }),
  resources: fc.array(
    fc.record({
      folder: fc.constantFrom('conf', '../config', 'src/main/resources'),
      include: fc.constantFrom('', 'a.txt', 'sub/*', '**/*.txt'),
    }),
    { maxLength: 2 },
  ),
  resourcesPlace: place,
  spec: fc.constantFrom('none', 'api/api.yaml', '../api/api.yaml'),
  specPlace: place,
  output: fc.constantFrom('target', 'made'),
  needsLib: fc.boolean(),
  image: fc.constantFrom('layers', 'jar', 'jar and folder', 'mount', 'argument'),
});

/** A project on disk. */
export interface StandInProject {
  readonly service: ServiceConfig;
  /** Absolute paths of all files that somebody may edit, poms left out. */
  readonly files: readonly string[];
  /** Hash over everything that goes into jar and image. */
  artifact(): string;
  /** Runs as Maven and javac do, as far as appdev asks for the effective models. */
  readonly run: RunProcess;
}

/** Writes a project of this shape below `top`, an empty folder. */
export function writeShape(top: string, shape: Shape): StandInProject {
  const folder = join(top, shape.module);
  const files: string[] = [];
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  };
  const edit = (path: string): void => {
    if (files.includes(path)) return;
    files.push(path);
    write(path, 'one');
  };
  for (const name of ['src/main/java', 'java', '../shared/java'])
    edit(resolve(folder, name, 'demo/App.java'));
  for (const name of ['conf', '../config', 'src/main/resources']) {
    for (const file of ['a.txt', 'b.yaml', 'sub/c.txt']) edit(resolve(folder, name, file));
  }
  for (const name of ['api/api.yaml', '../api/api.yaml']) edit(resolve(folder, name));
  for (const name of ['lib/src/main/java/demo/Lib.java', 'lib/src/main/resources/lib.txt', 'README.md']) {
    edit(join(top, name));
  }
  for (const name of ['extra/e.txt', 'mounted/m.txt', 'notes/n.md', 'src/test/java/demo/AppTest.java']) {
    edit(join(folder, name));
  }

  writePoms(top, shape, write);
  const source = imageOf(folder, shape, write);
  const image = { repository: 'app', builder: 'buildah' as const, source };
  return {
    service: fakeService('app', {
      path: folder,
      jar: { tool: 'maven', args: [], tests: 'skip' },
      image,
      deploy: { kind: 'manifests', files: [], deadlineMs: 1, restartsAllowed: 0 },
    }),
    files,
    artifact: () => {
      const hash = createHash('sha256');
      for (const path of partsOf(top, shape).flatMap(filesAt).sort())
        hash.update(`${path}\0${readFileSync(path, 'latin1')}\0`);
      return hash.digest('hex');
    },
    run(command) {
      const target = command.env?.[modelsVariable];
      if (target !== undefined) writeFileSync(target, JSON.stringify({ projects: modelsOf(top, shape) }));
      return Promise.resolve({ kind: 'exited', exitCode: 0, stdout: '', stderr: '', lines: [], ms: 1 });
    },
  };
}

/** The files and folders that the artifact is made of. */
function partsOf(top: string, shape: Shape): string[] {
  const folder = join(top, shape.module);
  const resources = shape.resources.length === 0 ? usualResources : shape.resources;
  return [
    resolve(folder, shape.sources.folder),
    ...resources.flatMap(({ folder: name, include }) =>
      filesAt(resolve(folder, name)).filter((path) =>
        isIncluded(path.slice(resolve(folder, name).length + 1), include),
      ),
    ),
    ...(shape.spec === 'none' ? [] : [resolve(folder, shape.spec)]),
    ...(shape.needsLib ? [join(top, 'lib/src/main')] : []),
    ...{
      layers: [],
      jar: [],
      'jar and folder': ['extra'],
      mount: ['mounted'],
      argument: ['extra'],
    }[shape.image].map((name) => join(folder, name)),
  ];
}

const usualResources = [{ folder: 'src/main/resources', include: '' }] as const;

function isIncluded(path: string, include: string): boolean {
  switch (include) {
    case 'a.txt':
      return path === 'a.txt';
    case 'sub/*':
      return path.startsWith('sub/');
    case '**/*.txt':
      return path.endsWith('.txt');
  }
  return true;
}

function filesAt(path: string): string[] {
  if (!existsSync(path)) return [];
  return statSync(path).isDirectory()
    ? readdirSync(path).flatMap((name) => filesAt(join(path, name)))
    : [path];
}

type Write = (path: string, content: string) => void;

function imageOf(folder: string, { image, output }: Shape, write: Write): ImageSource {
  if (image === 'layers') return { kind: 'layers', base: 'localhost/unused' };
  const containerfile = join(folder, 'Containerfile');
  const more = {
    jar: '',
    'jar and folder': 'COPY --chown=1:1 extra/ /extra/\n',
    mount: 'RUN --mount=target=/m,source=mounted cp -r /m /n\n',
    argument: 'ARG FROM_FOLDER=extra\nCOPY ["${FROM_FOLDER}", "/extra/"]\n',
  }[image];
  write(containerfile, `FROM localhost/unused\nCOPY ${output}/*.jar /app.jar\n${more}`);
  return { kind: 'containerfile', containerfile, context: folder, buildArgs: {} };
}

/** What stands in `<build>` and beside it, in the pom of this place. */
function settingsAt(shape: Shape, at: Place): { readonly build: string; readonly beside: string } {
  const { sources, resources, resourcesPlace, spec, specPlace, output } = shape;
  const folder = {
    plain: sources.folder,
    basedir: `\${project.basedir}/${sources.folder}`,
    property: '${code}',
    'property of a profile': '${code}',
    'property of the command line': '${code}',
  }[sources.writing];
  const property = (value: string): string => `<properties><code>${value}</code></properties>`;
  const beside = {
    plain: '',
    basedir: '',
    property: property(sources.folder),
    // The profile is not active.
    'property of a profile': `${property(sources.folder)}<profiles><profile><id>p</id>${property('elsewhere')}</profile></profiles>`,
    'property of the command line': '',
  }[sources.writing];
  const resource = ({ folder: name, include }: Shape['resources'][number]): string =>
    `<resource><directory>${name}</directory>${include === '' ? '' : `<includes><include>${include}</include></includes>`}</resource>`;
  return {
    build: [
      sources.place === at ? `<sourceDirectory>${folder}</sourceDirectory>` : '',
      resourcesPlace === at && resources.length > 0
        ? `<resources>${resources.map(resource).join('')}</resources>`
        : '',
      specPlace === at && spec !== 'none'
        ? `<plugins><plugin><artifactId>reader</artifactId><configuration><spec>\${project.basedir}/${spec}</spec></configuration></plugin></plugins>`
        : '',
      at === 'parent' && output !== 'target' ? `<directory>\${project.basedir}/${output}</directory>` : '',
    ].join(''),
    beside: sources.place === at ? beside : '',
  };
}

function writePoms(top: string, shape: Shape, write: Write): void {
  const { build: parentBuild, beside: besideParent } = settingsAt(shape, 'parent');
  const { build: ownBuild, beside: besideOwn } = settingsAt(shape, 'own');
  const above = [shape.sources.place, shape.resourcesPlace, shape.specPlace].includes('repository')
    ? '<parent><groupId>demo</groupId><artifactId>company</artifactId><version>1</version><relativePath/></parent>'
    : '';
  if (shape.sources.writing === 'property of the command line') {
    write(join(top, '.mvn/maven.config'), `-Dcode=${shape.sources.folder}\n`);
  }
  write(
    join(top, 'pom.xml'),
    `<project>${above}<groupId>demo</groupId><artifactId>parent</artifactId><version>1</version><packaging>pom</packaging><modules><module>lib</module><module>${shape.module}</module></modules>${besideParent}<build>${parentBuild}</build></project>`,
  );
  const up = '../'.repeat(shape.module.split('/').length);
  const inherits = (path: string): string =>
    `<parent><groupId>demo</groupId><artifactId>parent</artifactId><version>1</version><relativePath>${path}</relativePath></parent>`;
  const needs = shape.needsLib
    ? '<dependencies><dependency><groupId>demo</groupId><artifactId>lib</artifactId><version>1</version></dependency></dependencies>'
    : '';
  write(
    join(top, shape.module, 'pom.xml'),
    `<project>${inherits(`${up}pom.xml`)}<artifactId>app</artifactId>${besideOwn}<build>${ownBuild}</build>${needs}</project>`,
  );
  // The library has the usual folders, whatever the parent says.
  write(
    join(top, 'lib/pom.xml'),
    `<project>${inherits('../pom.xml')}<artifactId>lib</artifactId><build><sourceDirectory>src/main/java</sourceDirectory><resources><resource><directory>src/main/resources</directory></resource></resources></build></project>`,
  );
}

/** The effective models, as Maven writes them: absolute folders, `..` left in the configuration of plugins. */
function modelsOf(top: string, shape: Shape): { readonly pom: string; readonly model: string }[] {
  const folder = join(top, shape.module);
  const resources = shape.resources.length === 0 ? usualResources : shape.resources;
  const model = (at: string, sources: string, more: string): string =>
    `<project><parent><groupId>demo</groupId><artifactId>parent</artifactId></parent><groupId>demo</groupId><artifactId>${at === folder ? 'app' : 'lib'}</artifactId><build><sourceDirectory>${sources}</sourceDirectory><outputDirectory>${at}/${shape.output}/classes</outputDirectory><directory>${at}/${shape.output}</directory>${more}</build>${
      at === folder && shape.needsLib
        ? '<dependencies><dependency><groupId>demo</groupId><artifactId>lib</artifactId><scope>compile</scope></dependency></dependencies>'
        : ''
    }</project>`;
  const resource = ({
    folder: name,
    include,
  }: {
    readonly folder: string;
    readonly include: string;
  }): string =>
    `<resource><directory>${resolve(folder, name)}</directory>${include === '' ? '' : `<includes><include>${include}</include></includes>`}</resource>`;
  const spec =
    shape.spec === 'none'
      ? ''
      : `<plugins><plugin><artifactId>reader</artifactId><configuration><spec>${folder}/${shape.spec}</spec></configuration></plugin></plugins>`;
  const lib = join(top, 'lib');
  return [
    {
      pom: join(folder, 'pom.xml'),
      model: model(
        folder,
        resolve(folder, shape.sources.folder),
        `<resources>${resources.map(resource).join('')}</resources>${spec}`,
      ),
    },
    { pom: join(lib, 'pom.xml'), model: model(lib, join(lib, 'src/main/java'), '') },
  ];
}
