/** What a real Maven takes into a jar is what counts as its input: each edit of it is seen, and the build's own writing is not. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMavenBuilder } from '../../src/build/jar/maven/builder.ts';
import type { Jar, JarBuilder } from '../../src/build/types.ts';
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
let builder: JarBuilder;
let scanner: InputScanner;
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
  const { root, service } = project;
  builder = createMavenBuilder({
    jvm: environmentNow().maven,
    run: runProcess,
    projectRoot: root,
    cache: join(top, 'cache'),
  });
  const file = join(root, 'app/appdev.yaml');
  scanner = createScanner({
    config: { ...fakeProject([service]), root: service.path, file, files: [file] },
    jarBuilder: builder,
    testsRun: () => false,
    now: Date.now,
    note: () => undefined,
    toolchain: '',
    target: '',
  });
});
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
});
