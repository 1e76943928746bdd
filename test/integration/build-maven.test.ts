/** Real Maven on a real two-module project in a temporary folder. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/config/model.ts';
import { stageLayers } from '../../src/build/image/layers/staging.ts';
import { createMavenBuilder, type MavenBuilder } from '../../src/build/jar/maven/builder.ts';
import type { Classes, ClassFolder, Jar } from '../../src/build/types.ts';
import { ZipFile } from '../../src/build/jar/archive/zip.ts';
import { runProcess } from '../../src/support/process/process.ts';
import { writeBootProject, type BootProject } from '../support/boot-project.ts';
import { recordingContext, type RecordingContext } from '../support/recording-context.ts';
import { environmentNow } from '../support/environment.ts';

let folder: string;
let project: BootProject;
let builder: ReturnType<typeof createMavenBuilder>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-maven-'));
  project = writeBootProject(join(folder, 'till'));
  builder = createMavenBuilder({
    jvm: environmentNow().maven,
    tell: () => undefined,
    run: runProcess,
    projectRoot: project.root,
    cache: join(folder, 'cache'),
  });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const receipt = 'app/src/main/java/com/example/till/Receipt.java';
const original = (path: string): string => readFileSync(join(project.root, path), 'utf8');

function never(): never {
  throw new Error('not there');
}

/** Compiles the app and returns its classes, or fails the test with what Maven said. */
async function compile(of = project, by = builder, context = recordingContext()): Promise<Classes> {
  const outcome = await by.compile({ services: [of.service()] }, context);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
  return outcome.value.get('till') ?? never();
}

/** Folder below the project → its files with their hashes. */
function filesOf(folders: readonly ClassFolder[], of = project): Record<string, Record<string, string>> {
  return Object.fromEntries(
    folders.map(({ path, files }) => [path.slice(of.root.length + 1), Object.fromEntries(files)]),
  );
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Builds the app and returns its jar, or fails the test with what Maven said. */
async function build(context = recordingContext(), tests = false): Promise<Jar> {
  const outcome = await builder.package({ services: [project.service()], tests }, context);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
  const jar = outcome.value.get('till');
  if (jar === undefined) throw new Error('no jar for till');
  return jar;
}

async function read(jar: Jar, entry: string): Promise<Buffer> {
  const zip = await ZipFile.open(jar.path);
  try {
    const found = zip.find(entry);
    if (found === undefined)
      throw new Error(`no ${entry} in ${zip.entries.map(({ name }) => name).join('\n')}`);
    return await zip.read(found);
  } finally {
    await zip.close();
  }
}

/** A builder whose Maven meets another program: `write` runs when a line of its log fits, so often. */
function interfere(at: RegExp, times: number, write: () => void): MavenBuilder {
  let left = times;
  return createMavenBuilder({
    jvm: environmentNow().maven,
    tell: () => undefined,
    run: async (command, options) =>
      await runProcess(command, {
        ...options,
        onLine(stream, line) {
          options.onLine?.(stream, line);
          if (left === 0 || !at.test(line)) return;
          left -= 1;
          write();
        },
      }),
    projectRoot: project.root,
    cache: join(folder, 'cache'),
  });
}

const receiptClass = 'BOOT-INF/classes/com/example/till/Receipt.class';

describe('a two-module project', () => {
  it('is found as one reactor, with the inputs of both modules', async () => {
    const service = project.service();
    expect(await builder.reactorOf(service)).toEqual({ kind: 'ok', value: project.root });
    const inputs = await builder.inputsOf(service);
    expect(inputs).toMatchObject({
      kind: 'ok',
      value: {
        paths: [
          'app/pom.xml',
          'app/src/main',
          'app/src/test',
          'common/pom.xml',
          'common/src/main',
          'common/src/test',
          'pom.xml',
        ].map((path) => join(project.root, path)),
      },
    });
  });

  it('becomes an executable jar, with its stages reported', async () => {
    const context = recordingContext();
    const jar = await build(context);
    expect(jar.built).toBe(join(project.root, 'app/target/till-app-2.1.jar'));
    expect((await read(jar, receiptClass)).toString('latin1')).toContain('total');
    expect(context.stages).toEqual([
      'started compile',
      'finished compile ok',
      'started package',
      'finished package ok',
    ]);
    expect(context.details.get('compile')).toBe('3 files');
  });

  it('is built offline and from an archive of classes the second time, with the same bytes', async () => {
    const calls: { args: readonly string[]; mavenOpts: string | undefined }[] = [];
    const watched = createMavenBuilder({
      jvm: environmentNow().maven,
      tell: () => undefined,
      run: async (command, options) => {
        calls.push({ args: command.args, mavenOpts: command.env?.['MAVEN_OPTS'] });
        return await runProcess(command, options);
      },
      projectRoot: project.root,
      cache: join(folder, 'cache'),
    });
    const first = await build();
    const outcome = await watched.package(
      { services: [project.service()], tests: false },
      recordingContext(),
    );
    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.args).toEqual(
      expect.arrayContaining(['-o', '-pl', 'app', '-am', '-Dmaven.test.skip=true', 'package']),
    );
    expect(calls[0]?.mavenOpts).toMatch(/-XX:SharedArchiveFile=\S+\.jsa/);
    if (outcome.kind === 'ok') expect(outcome.value.get('till')?.sha256).toBe(first.sha256);
  });

  it('takes an edit in the library module', async () => {
    const path = 'common/src/main/java/com/example/till/common/Rounding.java';
    const before = original(path);
    project.write(path, before.replace('* 5;', '* 5 + 0;').replace('cents / 5.0', 'cents / 5.0 + 0.25'));
    const jar = await build();
    project.write(path, before);
    const nested = join(folder, 'nested.jar');
    writeFileSync(nested, await read(jar, 'BOOT-INF/lib/till-common-2.1.jar'));
    const library = await ZipFile.open(nested);
    const bytes = await library.read(
      library.entries.find(({ name }) => name.endsWith('Rounding.class')) ?? never(),
    );
    await library.close();
    // The constant 0.25 as a class file has it.
    expect(bytes.includes(Buffer.from('063fd0000000000000', 'hex'))).toBe(true);
  });

  it('runs the tests when asked to', async () => {
    const context = recordingContext();
    await build(context, true);
    expect(
      existsSync(join(project.root, 'app/target/surefire-reports/com.example.till.ReceiptTest.txt')),
    ).toBe(true);
  });
});

describe('what comes out', () => {
  it('starts from its layers, with the libraries and the version that the jar has', async () => {
    const jar = await build();
    const root = join(folder, 'layers');
    mkdirSync(root);
    const staged = await stageLayers('till', jar.path, root);
    if (staged.kind !== 'ok') throw new Error(JSON.stringify(staged));
    expect(staged.value.layers.map(({ name }) => name)).toEqual(['dependencies', 'application']);
    const app = join(folder, 'app');
    for (const layer of staged.value.layers) cpSync(join(root, layer.folder), app, { recursive: true });
    const [, ...args] = staged.value.entrypoint.map((word) => word.replace('/app/', `${app}/`));
    const finished = await runProcess(
      { tool: 'java', args, cwd: app },
      { signal: new AbortController().signal },
    );
    expect(finished).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(finished.kind === 'exited' && finished.lines).toContain('The till says total 1005 2.1');
  });

  it('is the same in another folder', async () => {
    const jar = await build();
    const other = writeBootProject(join(folder, 'elsewhere', 'till'));
    const outcome = await createMavenBuilder({
      jvm: environmentNow().maven,
      tell: () => undefined,
      run: runProcess,
      projectRoot: other.root,
      cache: join(folder, 'cache'),
    }).package({ services: [other.service()], tests: false }, recordingContext());
    expect(outcome.kind === 'ok' && outcome.value.get('till')?.sha256).toBe(jar.sha256);
  });

  it('comes from one invocation for two services, and two builds of one reactor never run side by side', async () => {
    const calls: (readonly string[])[] = [];
    let running = 0;
    let most = 0;
    const watched = (): typeof builder =>
      createMavenBuilder({
        jvm: environmentNow().maven,
        tell: () => undefined,
        run: async (command, options) => {
          calls.push(command.args);
          running += 1;
          most = Math.max(most, running);
          return await runProcess(command, options).finally(() => {
            running -= 1;
          });
        },
        projectRoot: project.root,
        cache: join(folder, 'cache'),
      });
    const services = [project.service(), project.service('kiosk', undefined, 'kiosk')];
    const context = recordingContext();
    // Two builders, as two processes have.
    const [both, one] = await Promise.all([
      watched().package({ services, tests: false }, context),
      watched().package({ services: services.slice(0, 1), tests: false }, context),
    ]);
    expect(both.kind === 'ok' && [...both.value.keys()]).toEqual(['till', 'kiosk']);
    expect(one.kind).toBe('ok');
    expect(calls.map((args) => args[args.indexOf('-pl') + 1]).sort()).toEqual(['app', 'app,kiosk']);
    expect(most).toBe(1);
    expect(context.lines.join()).toContain('waiting for another build');
  });
});

describe('an IDE that writes target/classes', () => {
  const compiled = (): string => join(project.root, 'app/target/classes/com/example/till/Receipt.class');

  it('does not get its class into the jar, though it is newer than the source', async () => {
    const good = await read(await build(), receiptClass);
    // What Eclipse writes for a source with an error, or for the save before the last.
    writeFileSync(compiled(), 'Unresolved compilation problem');
    const later = new Date(Date.now() + 60_000);
    utimesSync(compiled(), later, later);
    expect(await read(await build(), receiptClass)).toEqual(good);
  });

  it('does not get stale resources into it either', async () => {
    const path = join(project.root, 'app/target/classes/application.properties');
    await build();
    writeFileSync(path, 'till.currency=OLD\n');
    const later = new Date(Date.now() + 60_000);
    utimesSync(path, later, later);
    expect((await read(await build(), 'BOOT-INF/classes/application.properties')).toString()).toBe(
      'till.currency=CHF\n',
    );
  });

  /** Overwrites the class as soon as a goal after the compiler is announced, so often. */
  function disturb(times: number): MavenBuilder {
    return interfere(/:testResources .* @ till-app/, times, () => writeFileSync(compiled(), 'half a cla'));
  }

  it('is noticed when it writes between the compiler and the jar, and the build is done again', async () => {
    const good = await read(await build(), receiptClass);
    const context = recordingContext();
    const outcome = await disturb(1).package({ services: [project.service()], tests: false }, context);
    const jar = outcome.kind === 'ok' ? outcome.value.get('till') : undefined;
    if (jar === undefined) throw new Error(JSON.stringify(outcome));
    expect(await read(jar, receiptClass)).toEqual(good);
    expect(context.lines.join('\n')).toContain('another program wrote to');
  });

  it('is named when it never stops', async () => {
    const outcome = await disturb(99).package(
      { services: [project.service()], tests: false },
      recordingContext(),
    );
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'SOURCE_CHANGED', exit: 3 } });
  });
});

describe('a compilation', () => {
  const rounding = 'common/src/main/java/com/example/till/common/Rounding.java';
  const roundingClass = 'com/example/till/common/Rounding.class';
  const properties = 'app/src/main/resources/application.properties';

  it('makes no jar, reports its stage alone, and the jar after it is that of a clean build', async () => {
    const fresh = writeBootProject(join(folder, 'fresh'));
    const first = createMavenBuilder({
      jvm: environmentNow().maven,
      tell: () => undefined,
      run: runProcess,
      projectRoot: fresh.root,
      cache: join(folder, 'cache'),
    });
    const context = recordingContext();
    const { own, upstream } = await compile(fresh, first, context);
    expect(context.stages).toEqual(['started compile', 'finished compile ok']);
    expect(context.details.get('compile')).toBe('3 files');
    const written = readdirSync(fresh.root, { recursive: true, encoding: 'utf8' });
    expect(written.filter((path) => path.endsWith('.jar'))).toEqual([]);
    const outcome = await first.package({ services: [fresh.service()], tests: false }, recordingContext());
    const jar = outcome.kind === 'ok' ? (outcome.value.get('till') ?? never()) : never();
    expect(jar.sha256).toBe((await build()).sha256);
    const packed = async (name: string): Promise<[string, string]> => [
      name,
      sha256(await read(jar, `BOOT-INF/classes/${name}`)),
    ];
    const names = [
      'application.properties',
      'com/example/till/Receipt.class',
      'com/example/till/TillApplication.class',
    ];
    expect(filesOf(own, fresh)).toEqual({
      'app/target/classes': Object.fromEntries(await Promise.all(names.map(packed))),
    });
    expect(Object.keys(filesOf(upstream, fresh)['common/target/classes'] ?? {})).toEqual([roundingClass]);
  });

  it('tells by content which classes and resources an edit changed, and leaves the jar of before alone', async () => {
    const jar = await build();
    const before = await compile();
    const texts = [rounding, properties].map(original);
    project.write(rounding, original(rounding).replace('* 5;', '* 5 + 0;'));
    project.write(properties, 'till.currency=EUR\n');
    const after = await compile();
    expect(sha256(readFileSync(jar.built))).toBe(jar.sha256);
    const changed = ([...later]: readonly ClassFolder[], earlier: readonly ClassFolder[]): string[] =>
      later.flatMap(({ files }, index) =>
        [...files].filter(([name, hash]) => earlier[index]?.files.get(name) !== hash).map(([name]) => name),
      );
    expect(changed(after.own, before.own)).toEqual(['application.properties']);
    expect(changed(after.upstream, before.upstream)).toEqual([roundingClass]);
    const next = await build();
    expect((await read(next, 'BOOT-INF/classes/application.properties')).toString()).toContain('EUR');
    for (const [index, path] of [rounding, properties].entries()) project.write(path, texts[index] ?? '');
  });

  it('does not take what an IDE writes meanwhile for its own', async () => {
    const { upstream } = await compile();
    const own = join(project.root, 'common/target/classes', roundingClass);
    const disturbed = interfere(/:compile .* @ till-app/, 1, () =>
      writeFileSync(`${own}.half`, 'half a cla'),
    );
    const context = recordingContext();
    expect(filesOf((await compile(project, disturbed, context)).upstream)).toEqual(filesOf(upstream));
    expect(context.lines.join('\n')).toContain('another program wrote to');
  });

  it('needs no jar of test classes that a module is compiled with', async () => {
    const other = writeBootProject(join(folder, 'test-jar'));
    const text = (path: string): string => readFileSync(join(other.root, path), 'utf8');
    other.write('common/src/test/java/com/example/till/common/Sums.java', sumsJava);
    other.write('common/pom.xml', text('common/pom.xml').replace('</project>', `${testJar}</project>`));
    other.write(
      'app/pom.xml',
      text('app/pom.xml').replace('<dependencies>', `<dependencies>${testJarDependency}`),
    );
    other.write(
      receipt,
      text(receipt).replace('toFive(cents)', 'toFive(cents + com.example.till.common.Sums.ZERO)'),
    );
    const first = createMavenBuilder({
      jvm: environmentNow().maven,
      tell: () => undefined,
      run: runProcess,
      projectRoot: other.root,
      cache: join(folder, 'cache'),
    });
    const { own, upstream } = await compile(other, first);
    expect([own, upstream].map((folders) => Object.keys(filesOf(folders, other)))).toEqual([
      ['app/target/classes'],
      ['common/target/classes'],
    ]);
  });
});

const sumsJava = `package com.example.till.common;

public final class Sums {
    public static final long ZERO = Long.parseLong("0");
}
`;
const testJar = `<build><plugins><plugin><artifactId>maven-jar-plugin</artifactId><executions><execution>
    <goals><goal>test-jar</goal></goals></execution></executions></plugin></plugins></build>`;
const testJarDependency = `<dependency><groupId>com.example.till</groupId><artifactId>till-common</artifactId>
    <version>2.1</version><type>test-jar</type></dependency>`;

describe('a class that was deleted', () => {
  const tip = 'app/src/main/java/com/example/till/Tip.java';
  const tipClass = 'BOOT-INF/classes/com/example/till/Tip.class';
  const inNewSession = (): void => {
    builder = createMavenBuilder({
      jvm: environmentNow().maven,
      tell: () => undefined,
      run: runProcess,
      projectRoot: project.root,
      cache: join(folder, 'cache'),
    });
  };

  it('is gone from the jar, and who still uses it does not compile, in this session and the next', async () => {
    const before = original(receipt);
    for (const next of [() => undefined, inNewSession]) {
      project.write(tip, 'package com.example.till;\n\nclass Tip {\n    static final int RATE = 10;\n}\n');
      await read(await build(), tipClass);
      project.remove(tip);
      next();
      await expect(read(await build(), tipClass)).rejects.toThrow('no BOOT-INF');
      project.write(receipt, before.replace('"total "', '"total " + Tip.RATE'));
      next();
      await expect(build()).rejects.toThrow('1 compile error in Receipt.java');
      project.write(receipt, before);
    }
  });
});

describe('a pom.xml', () => {
  it('that changes the compiler’s settings makes it compile again, which Maven alone would not', async () => {
    await build();
    const before = original('pom.xml');
    project.write('pom.xml', before.replace('<java.version>17', '<java.version>16'));
    const changed = await read(await build(), receiptClass);
    project.write('pom.xml', before);
    const restored = await read(await build(), receiptClass);
    // Bytes 6 and 7 are the class file's version: 60 is Java 16, 61 is Java 17.
    expect([changed.readUInt16BE(6), restored.readUInt16BE(6)]).toEqual([60, 61]);
  });
});

describe('a failure', () => {
  it('of the compiler is shown with file, line, column and excerpt', async () => {
    const before = original(receipt);
    project.write(receipt, before.replace('Rounding.toFive(cents)', 'Rounding.toSix(cents)'));
    const context = recordingContext();
    const outcome = await builder.package({ services: [project.service()], tests: false }, context);
    const compiling = recordingContext();
    const compiled = await builder.compile({ services: [project.service()] }, compiling);
    project.write(receipt, before);
    expect(compiled).toEqual(outcome);
    expect(compiling.stages).toEqual(context.stages);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'SOURCE_BUILD_FAILED',
        message: 'till: 1 compile error in Receipt.java',
        diagnostics: [
          {
            file: receipt,
            line: 8,
            column: 35,
            excerpt: '        return "total " + Rounding.toSix(cents);',
            message: expect.stringContaining('cannot find symbol; symbol: method toSix(long)') as unknown,
          },
        ],
      },
    });
    expect(context.stages).toEqual(['started compile', 'finished compile failed']);
  });

  it('of a test names the test and its line', async () => {
    const test = 'app/src/test/java/com/example/till/ReceiptTest.java';
    const before = original(test);
    project.write(test, before.replace('total 1005', 'total 1004'));
    const outcome = await builder.package({ services: [project.service()], tests: true }, recordingContext());
    project.write(test, before);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'TESTS_FAILED',
        message: 'till: 1 of 1 tests failed: ReceiptTest',
        diagnostics: [
          { file: test, line: 11, excerpt: '        assertEquals("total 1004", new Receipt().total(1003));' },
        ],
      },
    });
  });

  it('for want of repackaging says what to add', async () => {
    const before = original('app/pom.xml');
    project.write('app/pom.xml', before.replace(/<build>[\s\S]*<\/build>/, ''));
    rmSync(join(project.root, 'app/target'), { recursive: true });
    const outcome = await builder.package(
      { services: [project.service()], tests: false },
      recordingContext(),
    );
    project.write('app/pom.xml', before);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'JAR_NOT_FOUND', hint: expect.stringContaining('spring-boot-maven-plugin') as unknown },
    });
  });
});

describe('the jar', () => {
  it('is the new one, that of an older version is gone, and later writes do not change its copy', async () => {
    const first = await build();
    const older = join(project.root, 'app/target/till-app-2.0.jar');
    writeFileSync(older, readFileSync(first.path));
    const jar = await build();
    expect([jar.built, existsSync(older)]).toEqual([first.built, false]);
    appendFileSync(jar.built, 'garbage');
    expect(statSync(jar.path).size).toBe(statSync(jar.built).size - 'garbage'.length);
    rmSync(join(project.root, 'app/target'), { recursive: true });
  });
});

describe('another attempt', () => {
  it('is made with the network when something is missing from the local repository', async () => {
    // The machine's local repository serves as a remote one: nothing is asked of the network.
    const settings = join(folder, 'settings.xml');
    const mirror = `file://${join(homedir(), '.m2/repository')}`;
    writeFileSync(
      settings,
      `<settings><mirrors><mirror><id>central</id><mirrorOf>*</mirrorOf><url>${mirror}</url></mirror></mirrors></settings>`,
    );
    const local = join(folder, 'repository');
    const jar: ServiceConfig['jar'] = {
      tool: 'maven',
      tests: 'skip',
      args: ['-s', settings, `-Dmaven.repo.local=${local}`],
    };
    const service = project.service('till', jar);
    const attempt = async (): Promise<RecordingContext> => {
      const context = recordingContext();
      expect(await builder.package({ services: [service], tests: false }, context)).toMatchObject({
        kind: 'ok',
      });
      return context;
    };
    const note = 'building again with the network';
    expect((await attempt()).lines.join()).not.toContain(note);
    rmSync(join(local, 'org/springframework/boot/spring-boot/4.0.3'), { recursive: true });
    expect((await attempt()).lines.join()).toContain(note);
  });

  it('is made without our JVM options when the JVM refuses them', async () => {
    // What a wrapper sets by itself cannot be known before.
    const wrapper = join(project.root, 'mvnw');
    writeFileSync(wrapper, '#!/bin/sh\nMAVEN_OPTS="$MAVEN_OPTS -XX:+UseParallelGC" exec mvn "$@"\n', {
      mode: 0o755,
    });
    const context = recordingContext();
    const outcome = await builder.package({ services: [project.service()], tests: false }, context);
    rmSync(wrapper);
    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(context.lines.join()).toContain('building again without them');
  });
});

describe('a cancelled build', () => {
  it('is over when every process of it is dead, gives up its lock, and the next one works', async () => {
    const controller = new AbortController();
    const context = recordingContext(controller.signal);
    project.write(receipt, `${original(receipt)}// edit\n`);
    const building = builder.package({ services: [project.service()], tests: false }, context);
    await expect.poll(() => context.stages).toContain('started compile');
    controller.abort('superseded');
    expect(await building).toEqual({ kind: 'cancelled', reason: 'superseded' });
    expect(context.stages.at(-1)).toMatch(/^finished (compile|package) cancelled$/);
    await build();
  });
});
