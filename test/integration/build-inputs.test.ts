/** What a real Maven takes into a jar is what counts as its input: each edit of it is seen, and the build's own writing is not. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMavenBuilder, type MavenBuilder } from '../../src/build/jar/maven/builder.ts';
import type { Jar } from '../../src/build/types.ts';
import { ZipFile } from '../../src/build/jar/archive/zip.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { createScanner } from '../../src/watch/scanner.ts';
import type { InputScanner } from '../../src/watch/types.ts';
import { fakeProject } from '../support/fake-loop-parts.ts';
import { writeMarkedProject, type MarkedProject } from '../support/marked-project.ts';
import { recordingContext } from '../support/recording-context.ts';
import { environmentNow } from '../support/environment.ts';

let top: string;
let folder: string;
let project: MarkedProject;
let builder: MavenBuilder;
let scanner: InputScanner;
/** The questions that Maven was asked, by their arguments. */
let asked: (readonly string[])[];
beforeAll(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), 'appdev-inputs-')));
});
afterAll(() => {
  rmSync(top, { recursive: true, force: true });
});
beforeEach(() => {
  folder = mkdtempSync(join(top, 'test-'));
  project = writeMarkedProject(join(folder, 'shop'));
  mkdirSync(join(project.root, '.git'));
  asked = [];
  scanner = createScannerAnew();
});
afterEach(async () => {
  await builder.close();
});

/** A scanner, and a builder that knows only what is in the cache folder. */
function createScannerAnew(): InputScanner {
  const { root, service } = project;
  builder = createMavenBuilder({
    jvm: environmentNow().maven,
    tell: () => undefined,
    async run(command, options) {
      if (command.args.at(-1) === 'validate') asked.push(command.args);
      return await runProcess(command, options);
    },
    projectRoot: root,
    cache: join(top, 'cache'),
  });
  const file = join(root, 'app/appdev.yaml');
  return createScanner({
    config: { ...fakeProject([service]), root: service.path, file, files: [file] },
    jarBuilder: builder,
    testsRun: () => false,
    now: Date.now,
    note: () => undefined,
    toolchain: '',
    target: '',
  });
}

/** Puts a pom into a local repository that has everything of the user's own, and has the project use it. */
function publish(name: string, content: string): void {
  const own = join(homedir(), '.m2/repository');
  const repository = join(folder, 'repository');
  mkdirSync(repository);
  for (const each of readdirSync(own).filter((each) => each !== 'demo')) {
    symlinkSync(join(own, each), join(repository, each));
  }
  const at = join(repository, 'demo', name, '1.0');
  mkdirSync(at, { recursive: true });
  writeFileSync(
    join(at, `${name}-1.0.pom`),
    `<project><modelVersion>4.0.0</modelVersion><groupId>demo</groupId><artifactId>${name}</artifactId><version>1.0</version><packaging>pom</packaging>${content}</project>`,
  );
  project.write('.mvn/jvm.config', `-Dmaven.repo.local=${repository}\n`);
}

/** The hash over all inputs of the jar. */
async function inputHash(): Promise<string> {
  return (await scanner.scan(project.service)).fingerprint.build;
}

async function build(): Promise<Jar> {
  const outcome = await builder.package({ services: [project.service], tests: false }, recordingContext());
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
  const jar = outcome.value.get('app');
  if (jar === undefined) throw new Error('no jar for app');
  return jar;
}

async function read(jar: Jar, entry: string): Promise<string | undefined> {
  const zip = await ZipFile.open(jar.path);
  try {
    const found = zip.find(entry);
    return found === undefined ? undefined : (await zip.read(found)).toString('latin1');
  } finally {
    await zip.close();
  }
}

/** Edits by the name of the entry that each changes in the jar; they make its text `two`. */
type Edits = Readonly<Record<string, () => void>>;

/** That each edit changes the inputs and goes into the jar, and that building changes the inputs neither before nor after. */
async function expectSeen(edits: Edits): Promise<void> {
  let hash = await inputHash();
  const first = await build();
  expect(await inputHash()).toBe(hash);
  for (const [entry, edit] of Object.entries(edits)) {
    expect((await read(first, entry)) ?? '').not.toContain('two');
    edit();
    const after = await inputHash();
    expect({ entry, isSeen: after !== hash }).toEqual({ entry, isSeen: true });
    hash = after;
  }
  const second = await build();
  for (const entry of Object.keys(edits)) expect(await read(second, entry)).toContain('two');
  expect(await inputHash()).toBe(hash);
}

describe('an edit is seen', () => {
  it('in sources and resources that the parent names for its modules', async () => {
    project.poms({
      parent:
        '<sourceDirectory>java</sourceDirectory><resources><resource><directory>${project.basedir}/conf</directory></resource></resources>',
    });
    project.source('app/java/demo/App.java', 'one');
    project.write('app/conf/app.txt', 'one');
    await expectSeen({
      'demo/App.class': () => project.source('app/java/demo/App.java', 'two'),
      'app.txt': () => project.write('app/conf/app.txt', 'two'),
    });
  });

  it('in resources beside the module, kept out of git or made only then, with an output folder of the parent’s choice', async () => {
    const resource = (path: string): string => `<resource><directory>${path}</directory></resource>`;
    project.poms({
      parent: '<directory>${project.basedir}/made</directory>',
      app: `<resources>${resource('${project.basedir}/../config')}${resource('../later')}</resources>`,
    });
    project.source('app/src/main/java/demo/App.java', 'one');
    project.write('.gitignore', 'local.txt\n');
    project.write('config/shared.txt', 'one');
    project.write('config/local.txt', 'one');
    await expectSeen({
      'shared.txt': () => project.write('config/shared.txt', 'two'),
      'local.txt': () => project.write('config/local.txt', 'two'),
      'late.txt': () => project.write('later/late.txt', 'two'),
    });
  });

  it('in a folder around the module, where the output lies as well', async () => {
    const resource = (path: string, include: string): string =>
      `<resource><directory>${path}</directory><includes><include>${include}</include></includes></resource>`;
    project.poms({
      parent: '<directory>${project.basedir}/made</directory>',
      app: `<resources>${resource('..', 'LICENSE')}${resource('${basedir}', '*.md')}</resources>`,
    });
    project.source('app/src/main/java/demo/App.java', 'one');
    project.write('LICENSE', 'one');
    project.write('app/README.md', 'one');
    await expectSeen({
      LICENSE: () => project.write('LICENSE', 'two'),
      'README.md': () => project.write('app/README.md', 'two'),
    });
  });

  describe('where only Maven knows the folders:', () => {
    const seen = { 'demo/App.class': () => project.source('app/other/demo/App.java', 'two') };
    const beforeOther = (): void => project.source('app/other/demo/App.java', 'one');

    it('by a property of .mvn/maven.config, with the classes elsewhere too', async () => {
      const named = '<sourceDirectory>${folder}</sourceDirectory>';
      project.poms({ app: `${named}<outputDirectory>\${folder}-made</outputDirectory>` });
      project.write('.mvn/maven.config', '-Dfolder=other\n');
      beforeOther();
      await expectSeen(seen);
    });

    it('by a property that a profile sets, which is not active', async () => {
      project.poms({
        app: '<sourceDirectory>${folder}</sourceDirectory>',
        profiles: () =>
          '<properties><folder>other</folder></properties><profiles><profile><id>x</id><properties><folder>src</folder></properties></profile></profiles>',
      });
      beforeOther();
      await expectSeen(seen);
    });

    it('by a parent from a repository', async () => {
      project.poms({ above: 'company' });
      publish(
        'company',
        '<build><sourceDirectory>other</sourceDirectory><resources><resource><directory>${project.basedir}/../texts</directory></resource></resources></build>',
      );
      beforeOther();
      project.write('texts/a.txt', 'one');
      await expectSeen({ ...seen, 'a.txt': () => project.write('texts/a.txt', 'two') });
    });
  });

  it('without asking Maven if the pom files say everything', async () => {
    project.source('app/src/main/java/demo/App.java', 'one');
    await inputHash();
    expect(asked).toEqual([]);
  });

  it('after one question, until a build file changes', async () => {
    project.poms({ profiles: () => '<profiles><profile><id>x</id></profile></profiles>' });
    project.source('app/src/main/java/demo/App.java', 'one');
    await inputHash();
    await createScannerAnew().scan(project.service);
    expect(asked).toHaveLength(1);
    project.poms({ profiles: () => '<profiles><profile><id>y</id></profile></profiles>' });
    await inputHash();
    expect(asked).toHaveLength(2);
  });

  it('again if Maven could not answer, because of a pom that is mended then', async () => {
    const parent = { profiles: () => '<profiles><profile><id>x</id></profile></profiles>' };
    project.poms({ ...parent, version: '1.0</version><version>' });
    project.source('app/src/main/java/demo/App.java', 'one');
    await inputHash();
    await inputHash();
    expect(asked).toHaveLength(1);
    project.poms(parent);
    await inputHash();
    expect(asked).toHaveLength(2);
  });
});
