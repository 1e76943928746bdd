/** Projects that set options of their own for Maven, by real Maven: no option can hide a failure or pass an old jar on. */
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMavenBuilder } from '../../src/build/jar/maven/builder.ts';
import type { Jar } from '../../src/build/types.ts';
import type { ServiceConfig } from '../../src/config/model.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { environmentNow } from '../support/environment.ts';
import { writeMarkedProject, type MarkedProject } from '../support/marked-project.ts';
import { recordingContext } from '../support/recording-context.ts';

const source = 'app/src/main/java/demo/App.java';

let folder: string;
let projects = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-options-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function newProject(): MarkedProject {
  projects += 1;
  const project = writeMarkedProject(join(folder, String(projects)));
  project.source(source, 'one');
  return project;
}

async function build(
  project: MarkedProject,
  service: ServiceConfig = project.service,
  context = recordingContext(),
): Promise<Outcome<ReadonlyMap<string, Jar>>> {
  const builder = createMavenBuilder({
    jvm: environmentNow().maven,
    tell: () => undefined,
    run: runProcess,
    projectRoot: project.root,
    cache: join(folder, 'cache'),
  });
  return await builder.package({ services: [service], tests: false }, context);
}

describe('.mvn/maven.config', () => {
  it('may have modules built side by side', async () => {
    const project = newProject();
    project.write('.mvn/maven.config', '-T\n1C\n');
    const sides = ['left', 'right', 'third'];
    project.poms({ modules: sides });
    for (let round = 0; round < 3; round += 1) {
      for (const side of sides) project.library(side, `round ${round}`);
      project.source(source, `round ${round}`);
      const context = recordingContext();
      expect(await build(project, project.service, context)).toMatchObject({ kind: 'ok' });
      expect(context.lines.filter((line) => line.includes('another program'))).toEqual([]);
      expect(context.stages).toEqual([
        'started compile',
        'finished compile ok',
        'started package',
        'finished package ok',
      ]);
    }
  });

  it.each([
    ['a log file', '-l\nbuild.log\n'],
    ['a quiet log file', '-q\n-l\nbuild.log\n'],
    ['quiet', '-q\n'],
    ['failures that are ignored', '-fn\n'],
  ])('does not hide a compile error (%s)', async (_, options) => {
    const project = newProject();
    project.write('.mvn/maven.config', options);
    expect(await build(project)).toMatchObject({ kind: 'ok' });
    project.write(source, 'package demo;\n\npublic class App {\n    int broken\n}\n');
    expect(await build(project)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'SOURCE_BUILD_FAILED',
        diagnostics: [{ file: source, line: 4, message: "';' expected" }],
      },
    });
  });
});

it('builds in a folder with a comma, blanks and an accent, a module whose folder begins with a dash', async () => {
  projects += 1;
  const project = writeMarkedProject(join(folder, `${projects} één, zwei`));
  project.poms({ modules: ['left'] });
  project.library('left', 'one');
  project.source(source, 'one');
  const odd = join(project.root, '-app, b');
  renameSync(join(project.root, 'app'), odd);
  const pom = readFileSync(join(project.root, 'pom.xml'), 'utf8');
  project.write('pom.xml', pom.replace('<module>app<', '<module>-app, b<'));
  const made = await build(project, { ...project.service, path: odd });
  expect(made.kind === 'ok' ? made.value.get('app')?.built : made).toBe(join(odd, 'target/app-1.0.jar'));
});

describe('the jar', () => {
  const asExec = (text: string): string =>
    `<profiles><profile><id>boot</id><build><plugins><plugin><artifactId>maven-jar-plugin</artifactId><executions><execution><id>exec</id><phase>package</phase><goals><goal>jar</goal></goals><configuration><classifier>exec</classifier>${text}</configuration></execution></executions></plugin></plugins></build></profile></profiles>`;

  it('is not one of an earlier build that a profile made', async () => {
    const project = newProject();
    project.poms({ profiles: asExec, marks: 'profile' });
    const jar = { tool: 'maven', tests: 'skip' } as const;
    const withProfile = { ...project.service, jar: { ...jar, args: ['-Pboot'] } };
    const made = await build(project, withProfile);
    expect(made.kind === 'ok' ? made.value.get('app')?.built : made).toMatch(/app-1\.0-exec\.jar$/);
    project.source(source, 'two');
    expect(await build(project, { ...project.service, jar: { ...jar, args: [] } })).toMatchObject({
      kind: 'failed',
      error: { code: 'JAR_NOT_FOUND' },
    });
  });

  it('is of a module that only a profile adds: the error names the profile, and what it says helps', async () => {
    const project = newProject();
    const pom = readFileSync(join(project.root, 'pom.xml'), 'utf8');
    const modules = '<modules><module>app</module></modules>';
    project.write(
      'pom.xml',
      pom.replace(modules, `<profiles><profile><id>apps</id>${modules}</profile></profiles>`),
    );
    expect(await build(project)).toMatchObject({
      kind: 'failed',
      error: {
        code: 'SOURCE_BUILD_FAILED',
        hint: `only the profile apps of ${join(project.root, 'pom.xml')} has the module app: set services.app.jar.args to [-Papps]`,
      },
    });
    const jar = { tool: 'maven', tests: 'skip', args: ['-Papps'] } as const;
    expect(await build(project, { ...project.service, jar })).toMatchObject({ kind: 'ok' });
  });

  it('lies where a parent puts it', async () => {
    const project = newProject();
    project.poms({ parent: '<directory>${project.basedir}/out</directory>' });
    const made = await build(project);
    expect(made.kind === 'ok' ? made.value.get('app')?.built : made).toBe(
      join(project.root, 'app/out/app-1.0.jar'),
    );
  });
});
