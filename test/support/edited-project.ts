/**
 * A small project of two modules, `lib` and `app`, for Maven and for Gradle, whose Java files and resources come, change, move
 * and go. Its jars carry Spring Boot's marks in the manifest and need nothing of it, so that a build takes two seconds.
 */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ServiceConfig } from '../../src/config/model.ts';
import { pom } from './boot-project.ts';

/** What differs between the two build tools. */
export interface BuildKind {
  readonly tool: 'maven' | 'gradle';
  /** Build files by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Folder of a module in which its output lies. */
  readonly output: string;
  /** Folders of a module's class files and of its copied resources, below the output. */
  readonly classes: string;
  readonly resources: string;
  /** Folder of the jars, below the output. */
  readonly jars: string;
}

/** The modules. `app` needs `lib`. */
export const modules = ['lib', 'app'] as const;
export type ModuleName = (typeof modules)[number];

/** A Java class of the project. */
export interface JavaClass {
  readonly module: ModuleName;
  readonly number: number;
  /** Another class that it uses, and whether by a constant, which the compiler copies. */
  readonly uses?: { readonly name: string; readonly constant: boolean };
  readonly hasInner: boolean;
  readonly hasSecond: boolean;
  readonly isBroken: boolean;
}

/** The sources: classes and resources by name. */
export interface Sources {
  readonly classes: ReadonlyMap<string, JavaClass>;
  readonly resources: ReadonlyMap<string, { readonly module: ModuleName; readonly number: number }>;
}

/** What every project begins with. */
export const firstSources: Sources = {
  classes: new Map(
    ['A', 'B', 'C', 'D'].map((name, index) => [
      name,
      {
        module: index < 2 ? 'lib' : 'app',
        number: 0,
        ...(index === 0 ? {} : { uses: { name: 'A', constant: index === 2 } }),
        hasInner: index === 3,
        hasSecond: index === 1,
        isBroken: false,
      },
    ]),
  ),
  resources: new Map([
    ['one.txt', { module: 'lib', number: 0 }],
    ['two.txt', { module: 'app', number: 0 }],
  ]),
};

/** Path of a class's source or of a resource, below the project. */
export function sourcePath(module: ModuleName, name: string): string {
  return name.endsWith('.txt')
    ? join(module, 'src/main/resources/texts', name)
    : join(module, 'src/main/java/demo', `${name}.java`);
}

/** Makes a folder hold exactly these sources. What is equal is not written; what is written may look an hour old. */
export function writeSources(root: string, { classes, resources }: Sources, looksOld = false): void {
  const wanted = new Map([
    ...[...classes].map(([name, one]) => [sourcePath(one.module, name), javaText(name, one)] as const),
    ...[...resources].map(([name, one]) => [sourcePath(one.module, name), `text ${one.number}\n`] as const),
  ]);
  for (const module of modules) {
    for (const folder of ['src/main/java/demo', 'src/main/resources/texts']) {
      const path = join(root, module, folder);
      if (!existsSync(path)) continue;
      for (const name of readdirSync(path))
        if (!wanted.has(join(module, folder, name))) rmSync(join(path, name));
    }
  }
  for (const [path, text] of wanted) {
    const file = join(root, path);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    const hourAgo = new Date(Date.now() - 3_600_000);
    if (looksOld) utimesSync(file, hourAgo, hourAgo);
  }
}

/** Writes a project with the first sources. */
export function writeEditedProject(root: string, kind: BuildKind): void {
  for (const [path, text] of Object.entries(kind.files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  writeSources(root, firstSources);
}

/** Copies build files and sources, and no output, into a folder that does not exist. */
export function copyClean(root: string, to: string): void {
  cpSync(root, to, { recursive: true, filter: (path) => !/\/(target|build|\.gradle)$/.test(path) });
}

/** Hash of each module's jar. */
export function jarsOf(root: string, kind: BuildKind): Record<string, string> {
  return Object.fromEntries(
    modules.map((module) => {
      const jar = join(root, module, kind.output, kind.jars, `${module}-1.0.jar`);
      return [module, hashOf(jar)];
    }),
  );
}

/** Name and hash of each module's class files and copied resources. */
export function classesOf(root: string, kind: BuildKind): Record<ModuleName, Record<string, string>> {
  const filesIn = (module: ModuleName): Record<string, string> =>
    Object.fromEntries(
      [...new Set([kind.classes, kind.resources])].flatMap((below) => {
        const folder = join(root, module, kind.output, below);
        if (!existsSync(folder)) return [];
        return readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .map((file) => [relative(folder, file), hashOf(file)]);
      }),
    );
  return { lib: filesIn('lib'), app: filesIn('app') };
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** The service that `app` is. */
export function editedService(root: string, { tool }: BuildKind): ServiceConfig {
  return {
    name: 'app',
    path: tool === 'maven' ? join(root, 'app') : root,
    jar: { tool, ...(tool === 'gradle' ? { module: ':app' } : {}), args: [], tests: 'skip' },
    deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
    dev: { trigger: 'auto', forward: [] },
    needs: [],
  };
}

function javaText(name: string, { number, uses, hasInner, hasSecond, isBroken }: JavaClass): string {
  const used = uses === undefined ? '' : ` + ${uses.name}.${uses.constant ? 'NAME' : 'text()'}`;
  return `package demo;

public class ${name} {
    public static final String NAME = "${name} ${number}";

    public static String text() {
        return NAME${used};${isBroken ? ' }' : ''}
    }
${hasInner ? '\n    static class Inner {\n    }\n' : ''}}
${hasSecond ? `\nclass ${name}Second {\n}\n` : ''}`;
}

const parent = `
    <groupId>demo</groupId>
    <artifactId>parent</artifactId>
    <version>1.0</version>
  `;

/** Boot's marks, which make a jar an executable one for appdev. */
const marks = { 'Spring-Boot-Version': '4.0.3', 'Start-Class': 'demo.D', 'Main-Class': 'demo.D' };

const plugins = { resources: '3.3.1', compiler: '3.14.1', surefire: '3.5.4', jar: '3.4.2' };

/** The project as a reactor of Maven. */
export const mavenKind: BuildKind = {
  tool: 'maven',
  output: 'target',
  classes: 'classes',
  resources: 'classes',
  jars: '',
  files: {
    'pom.xml': `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>${parent}<packaging>pom</packaging>
  <properties>
    <maven.compiler.release>17</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
    <project.build.outputTimestamp>2026-01-01T00:00:00Z</project.build.outputTimestamp>
  </properties>
  <build><pluginManagement><plugins>${Object.entries(plugins)
    .map(
      ([name, version]) =>
        `<plugin><artifactId>maven-${name}-plugin</artifactId><version>${version}</version></plugin>`,
    )
    .join('')}</plugins></pluginManagement></build>
  <modules><module>lib</module><module>app</module></modules>
</project>
`,
    'lib/pom.xml': pom('lib', parent, ''),
    'app/pom.xml': pom(
      'app',
      parent,
      `<dependencies><dependency><groupId>demo</groupId><artifactId>lib</artifactId><version>1.0</version></dependency></dependencies>
  <build><plugins><plugin><artifactId>maven-jar-plugin</artifactId><configuration><archive><manifestEntries>${Object.entries(
    marks,
  )
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('')}</manifestEntries></archive></configuration></plugin></plugins></build>`,
    ),
  },
};

/** The project as a build of Gradle. */
export const gradleKind: BuildKind = {
  tool: 'gradle',
  output: 'build',
  classes: 'classes/java/main',
  resources: 'resources/main',
  jars: 'libs',
  files: {
    'settings.gradle': "rootProject.name = 'demo'\ninclude 'lib', 'app'\n",
    'build.gradle': `subprojects {
    apply plugin: 'java'
    version = '1.0'
    sourceCompatibility = 8
    targetCompatibility = 8
    tasks.withType(AbstractArchiveTask) {
        preserveFileTimestamps = false
        reproducibleFileOrder = true
    }
}
`,
    'lib/build.gradle': '',
    'app/build.gradle': `dependencies {
    compile project(':lib')
}
task bootJar(type: Jar, dependsOn: classes) {
    from sourceSets.main.output
    manifest.attributes(${Object.entries(marks)
      .map(([name, value]) => `'${name}': '${value}'`)
      .join(', ')})
}
`,
  },
};
