/**
 * A Maven project without Spring, whose jar bears the marks by which Spring Boot's are known: it builds in two seconds. A parent and
 * the module `app`; the parent takes what the test gives it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceConfig } from '../../src/config/model.ts';

/** A project on disk. */
export interface MarkedProject {
  readonly root: string;
  readonly service: ServiceConfig;
  /** Writes a file below the root. */
  write(path: string, content: string): void;
  /** Writes the poms: what their `<build>` has beside the plugins, and the version. */
  poms(builds: PomParts): void;
  /** Writes a class into the module of this name. */
  library(module: string, text: string): void;
  /** Writes `demo.App`, with `text` in a string constant, so that the class holds it. */
  source(path: string, text: string): void;
}

/** What the poms have besides the usual. */
export interface PomParts {
  /** Elements of the parent's `<build>`. */
  readonly parent?: string;
  /** Elements of the app's `<build>`. */
  readonly app?: string;
  readonly version?: string;
  /** The artifact of a repository that the parent inherits from: version 1.0 of the group `demo`. */
  readonly above?: string;
  /** Modules beside the app, which needs them all. */
  readonly modules?: readonly string[];
  /** Elements of the app's pom, made from the configuration of a jar with the marks. */
  readonly profiles?: (configuration: string) => string;
  /** Which jar bears the marks: the app's own, or only one that a profile makes. */
  readonly marks?: 'jar' | 'profile';
}

// The newest that Maven 3.8 has in its local repository after the fixture's build.
const plugins = { resources: '3.3.1', compiler: '3.14.1', surefire: '3.5.4', jar: '3.4.2' };

const managed = Object.entries(plugins)
  .map(
    ([name, version]) =>
      `<plugin><artifactId>maven-${name}-plugin</artifactId><version>${version}</version></plugin>`,
  )
  .join('');
const marks =
  '<Spring-Boot-Version>4.0.3</Spring-Boot-Version><Start-Class>demo.App</Start-Class><Main-Class>demo.App</Main-Class>';
const archive = `<archive><manifestEntries>${marks}</manifestEntries></archive>`;
const jarPlugin = `<plugin><artifactId>maven-jar-plugin</artifactId><configuration>${archive}</configuration></plugin>`;

/** Writes the project, with its poms and no sources. */
export function writeMarkedProject(root: string): MarkedProject {
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const project: MarkedProject = {
    root,
    service: {
      name: 'app',
      path: join(root, 'app'),
      jar: { tool: 'maven', args: [], tests: 'skip' },
      image: { repository: 'app', builder: 'buildah', source: { kind: 'layers', base: 'localhost/unused' } },
      deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
      dev: { trigger: 'auto', forward: [] },
      needs: [],
    },
    write,
    poms({ above, parent = '', app = '', version = '1.0', modules = [], profiles, marks: bearer = 'jar' }) {
      const inherits =
        above === undefined
          ? ''
          : `<parent><groupId>demo</groupId><artifactId>${above}</artifactId><version>1.0</version><relativePath/></parent>`;
      write(
        'pom.xml',
        `<project><modelVersion>4.0.0</modelVersion>${inherits}<groupId>demo</groupId><artifactId>parent</artifactId><version>${version}</version><packaging>pom</packaging>
<properties><maven.compiler.release>17</maven.compiler.release><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding><project.build.outputTimestamp>2026-01-01T00:00:00Z</project.build.outputTimestamp></properties>
<modules>${[...modules, 'app'].map((name) => `<module>${name}</module>`).join('')}</modules>
<build>${parent}<pluginManagement><plugins>${managed}</plugins></pluginManagement></build></project>
`,
      );
      write(
        'app/pom.xml',
        `<project><modelVersion>4.0.0</modelVersion><parent><groupId>demo</groupId><artifactId>parent</artifactId><version>${version}</version></parent><artifactId>app</artifactId>
<build>${app}<plugins>${bearer === 'jar' ? jarPlugin : ''}</plugins></build>${profiles?.(archive) ?? ''}
<dependencies>${modules.map((name) => `<dependency><groupId>demo</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`).join('')}</dependencies></project>
`,
      );
      for (const name of modules) {
        write(
          `${name}/pom.xml`,
          `<project><modelVersion>4.0.0</modelVersion><parent><groupId>demo</groupId><artifactId>parent</artifactId><version>${version}</version></parent><artifactId>${name}</artifactId></project>
`,
        );
      }
    },
    library(module, text) {
      write(
        `${module}/src/main/java/demo/${module}/Text.java`,
        `package demo.${module};\n\npublic class Text {\n    public static final String TEXT = "${text}";\n}\n`,
      );
    },
    source(path, text) {
      write(path, `package demo;\n\npublic class App {\n    static final String TEXT = "${text}";\n}\n`);
    },
  };
  project.poms({});
  return project;
}
