/** Real Gradle (4.4.1, the one that Debian has) on a real build of three projects in a temporary folder. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { stageLayers } from '../../src/build/image/layers/staging.ts';
import { createGradleBuilder, type GradleBuilder } from '../../src/build/jar/gradle/builder.ts';
import type { Classes, ClassFolder, Jar } from '../../src/build/types.ts';
import { ZipFile } from '../../src/build/jar/archive/zip.ts';
import type { ServiceConfig } from '../../src/config/model.ts';
import {
  commandOf,
  environmentOf,
  identify,
  isAlive,
  processIds,
  type ProcessIdentity,
} from '../../src/support/process/proc.ts';
import { reapLeftovers } from '../../src/support/process/leftovers.ts';
import { runProcess, type RunProcess } from '../../src/support/process/process.ts';
import { isOfThisSession } from '../../src/support/process/session-folder.ts';
import { copyLetters, outputsOf, type Letters } from '../support/letters.ts';
import { recordingContext } from '../support/recording-context.ts';
import { environmentNow } from '../support/environment.ts';

let folder: string;
let letters: Letters;
let builder: GradleBuilder;
/** The arguments of every invocation of the builder's Gradle, newest last. */
const calls: (readonly string[])[] = [];
/** Gradles that run at this moment. */
let running = 0;
const told: string[] = [];
/** Sees every line of Gradle's standard output. */
let onOutput: (line: string) => void = () => undefined;
let mostRunning = 0;

const watched: RunProcess = async (command, options) => {
  calls.push(command.args);
  running += 1;
  mostRunning = Math.max(mostRunning, running);
  return await runProcess(command, {
    ...options,
    onLine(stream, line) {
      options.onLine?.(stream, line);
      if (stream === 'stdout') onOutput(line);
    },
  }).finally(() => {
    running -= 1;
  });
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-gradle-'));
  letters = copyLetters(join(folder, 'letters'));
  builder = createGradleBuilder({
    environment: environmentNow().gradle,
    run: watched,
    projectRoot: letters.root,
    cache: join(folder, 'cache'),
    tell: (message) => told.push(message),
  });
});
afterAll(async () => {
  await builder.close();
  await reapLeftovers(2000);
  rmSync(folder, { recursive: true, force: true });
});

const tariff = 'desk/src/main/java/com/example/letters/Tariff.java';
const tariffClass = 'BOOT-INF/classes/com/example/letters/Tariff.class';

/** Builds and returns the jar, or fails the test with what Gradle said. */
async function build(
  service: ServiceConfig = letters.service(),
  context = recordingContext(),
  tests = false,
): Promise<Jar> {
  const outcome = await builder.package({ services: [service], tests }, context);
  if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
  const jar = outcome.value.get(service.name);
  if (jar === undefined) throw new Error(`no jar for ${service.name}`);
  return jar;
}

async function read(jar: Jar, entry: string): Promise<string> {
  const zip = await ZipFile.open(jar.path);
  try {
    const found = zip.find(entry);
    if (found === undefined)
      throw new Error(`no ${entry} in ${zip.entries.map(({ name }) => name).join('\n')}`);
    return (await zip.read(found)).toString('latin1');
  } finally {
    await zip.close();
  }
}

/** Gradle's daemons that carry this session's mark. */
function daemons(): ProcessIdentity[] {
  return processIds()
    .filter((pid) => commandOf(pid).includes('GradleDaemon'))
    .filter((pid) => isOfThisSession(environmentOf(pid)))
    .map((pid) => identify(pid))
    .filter((identity) => identity !== undefined);
}

describe('a build of three projects', () => {
  it('tells where its sources are before it was ever built', async () => {
    const service = letters.service();
    expect(await builder.reactorOf(service)).toEqual({ kind: 'ok', value: letters.root });
    expect(await builder.inputsOf(service)).toMatchObject({
      kind: 'ok',
      value: {
        paths: [
          'build.gradle',
          'desk/build.gradle',
          'desk/src/main',
          'desk/src/test',
          'gradle.properties',
          'postage/build.gradle',
          'postage/src/main',
          'postage/src/test',
          'settings.gradle',
        ].map((path) => join(letters.root, path)),
      },
    });
    expect(told).toEqual([`asking Gradle what the build in ${letters.root} makes`]);
    // Asked once: the second answer comes from the first.
    const asked = calls.length;
    await builder.inputsOf(letters.service('counter', 'counter'));
    expect(calls.length).toBe(asked);
  });

  it('becomes an executable jar, with its stages reported', async () => {
    const context = recordingContext();
    const jar = await build(letters.service(), context);
    expect(jar.built).toBe(join(letters.root, 'desk/build/libs/desk-1.4.jar'));
    expect(await read(jar, tariffClass)).toContain('A letter of ');
    expect(context.stages).toEqual([
      'started compile',
      'finished compile ok',
      'started package',
      'finished package ok',
    ]);
    expect(context.details.get('compile')).toBe('2 modules');
  });

  it('is built offline the second time, by the same daemon, with nothing compiled and the same bytes', async () => {
    const first = await build();
    const [daemon, ...others] = daemons();
    expect(others).toEqual([]);
    const context = recordingContext();
    expect((await build(letters.service(), context)).sha256).toBe(first.sha256);
    expect(calls.at(-1)).toEqual(expect.arrayContaining(['--offline', ':desk:bootJar']));
    expect(context.details.get('compile')).toBe('nothing to compile');
    expect(daemons()).toEqual([daemon]);
  });

  it('takes an edit of one class, and one in the library', async () => {
    const back = letters.replace(tariff, 'A letter of', 'Any letter of');
    const context = recordingContext();
    expect(await read(await build(letters.service(), context), tariffClass)).toContain('Any letter of ');
    expect(context.details.get('compile')).toBe('1 module');
    back();
    const undo = letters.replace('postage/src/main/java/com/example/letters/Postage.java', '85 +', '77777 +');
    const jar = await build();
    undo();
    mkdirSync(join(folder, 'nested'), { recursive: true });
    const nested = await stageLayers('letters', jar.path, join(folder, 'nested'));
    expect(nested.kind).toBe('ok');
    const counter = await build(letters.service('counter', 'counter'));
    const finished = await runProcess(
      { tool: 'java', args: ['-jar', counter.path], cwd: folder },
      { signal: new AbortController().signal },
    );
    expect(finished.kind === 'exited' && finished.lines).toContain('The counter says 100');
  });

  it('comes from one invocation for two services, and two builds never run side by side', async () => {
    const services = [letters.service(), letters.service('counter', 'counter')];
    const context = recordingContext();
    const from = calls.length;
    mostRunning = 0;
    const [both, one] = await Promise.all([
      builder.package({ services, tests: false }, context),
      builder.package({ services: services.slice(1), tests: false }, context),
    ]);
    expect(both.kind === 'ok' && [...both.value.keys()]).toEqual(['letters', 'counter']);
    expect(one.kind).toBe('ok');
    const jars = calls.slice(from).map((args) => args.filter((arg) => arg.endsWith(':bootJar')));
    expect(jars.sort()).toEqual([[':counter:bootJar'], [':desk:bootJar', ':counter:bootJar']]);
    expect(mostRunning).toBe(1);
    expect(context.lines.join()).toContain('waiting for another build');
  });

  it('runs the tests when asked to', async () => {
    const back = letters.replace(
      'desk/src/test/java/com/example/letters/TariffTest.java',
      '115 cents',
      '116 cents',
    );
    const outcome = await builder.package({ services: [letters.service()], tests: true }, recordingContext());
    back();
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'TESTS_FAILED',
        message: 'letters: 1 of 1 tests failed: TariffTest',
        diagnostics: [{ file: 'desk/src/test/java/com/example/letters/TariffTest.java', line: 11 }],
      },
    });
    await build(letters.service(), recordingContext(), true);
  });
});

describe('a compilation', () => {
  const properties = 'desk/src/main/resources/application.properties';
  const postage = 'postage/src/main/java/com/example/letters/Postage.java';
  const compile = async (context = recordingContext(), service = letters.service()): Promise<Classes> => {
    const outcome = await builder.compile({ services: [service] }, context);
    if (outcome.kind !== 'ok') throw new Error(JSON.stringify(outcome, null, 2));
    const classes = outcome.value.get(service.name);
    if (classes === undefined) throw new Error(`no classes for ${service.name}`);
    return classes;
  };
  const namesIn = (folders: readonly ClassFolder[], root: string): Record<string, string[]> =>
    Object.fromEntries(folders.map(({ path, files }) => [relative(root, path), [...files.keys()]]));
  const hashOf = (path: string): string =>
    createHash('sha256')
      .update(readFileSync(join(letters.root, path)))
      .digest('hex');

  it('makes no executable jar, reports its stage alone, and the jar after it compiles nothing again', async () => {
    const fresh = copyLetters(join(folder, 'fresh'));
    const context = recordingContext();
    const { own, upstream } = await compile(context, fresh.service());
    expect(context.stages).toEqual(['started compile', 'finished compile ok']);
    expect(context.details.get('compile')).toBe('2 modules');
    expect(calls.at(-1)?.slice(-2)).toEqual([':desk:classes', ':postage:classes']);
    expect(existsSync(join(fresh.root, 'desk/build/libs'))).toBe(false);
    expect(namesIn(own, fresh.root)).toEqual({
      'desk/build/classes/java/main': ['DeskApplication', 'PriceController', 'Tariff'].map(
        (name) => `com/example/letters/${name}.class`,
      ),
      'desk/build/resources/main': ['application.properties'],
    });
    expect(namesIn(upstream, fresh.root)).toEqual({
      'postage/build/classes/java/main': ['com/example/letters/Postage.class'],
    });
    const packing = recordingContext();
    expect((await build(fresh.service(), packing)).sha256).toBe((await build()).sha256);
    expect(packing.details.get('compile')).toBe('nothing to compile');
  });

  it('gives what an edit changed, and leaves the jar of before alone', async () => {
    const jar = await build();
    const before = await compile();
    const undo = [
      letters.replace(postage, '85 +', '77777 +'),
      letters.replace(properties, 'mode=off', 'mode=console'),
    ];
    const after = await compile();
    expect(hashOf('desk/build/libs/desk-1.4.jar')).toBe(jar.sha256);
    const [classes, resources] = after.own;
    expect(classes).toEqual(before.own[0]);
    expect(resources?.files.get('application.properties')).toBe(hashOf(properties));
    expect(resources).not.toEqual(before.own[1]);
    expect(after.upstream).not.toEqual(before.upstream);
    for (const back of undo) back();
  });
});

describe('a failure', () => {
  it('of the compiler is shown with file, line, column and excerpt', async () => {
    const back = letters.replace(tariff, 'Postage.of(', 'Postage.off(');
    const context = recordingContext();
    const outcome = await builder.package({ services: [letters.service()], tests: false }, context);
    const compiling = recordingContext();
    const compiled = await builder.compile({ services: [letters.service()] }, compiling);
    back();
    expect(compiled).toEqual(outcome);
    expect(compiling.stages).toEqual(context.stages);
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: {
        code: 'SOURCE_BUILD_FAILED',
        message: 'letters: 1 compile error in Tariff.java',
        diagnostics: [
          {
            file: tariff,
            line: 7,
            column: 62,
            excerpt: '        return "A letter of " + grams + " g costs " + Postage.off(grams) + " cents";',
            message: 'cannot find symbol; symbol: method off(int); location: class Postage',
          },
        ],
      },
    });
    expect(context.stages).toEqual(['started compile', 'finished compile failed']);
    expect(context.lines.join('\n')).not.toContain('What went wrong');
  });

  it('of a build script is shown with its line, and does not stop the inputs from being known once it is fixed', async () => {
    const service = letters.service();
    const before = await builder.inputsOf(service);
    const back = letters.replace('desk/build.gradle', 'dependencies {', 'dependencees {');
    const outcome = await builder.package({ services: [service], tests: false }, recordingContext());
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'SOURCE_BUILD_FAILED', diagnostics: [{ file: 'desk/build.gradle', line: 5 }] },
    });
    expect((await builder.inputsOf(service)).kind).toBe('failed');
    const asked = calls.length;
    // It would say the same again.
    expect((await builder.inputsOf(service)).kind).toBe('failed');
    expect(calls.length).toBe(asked);
    back();
    expect(await builder.inputsOf(service)).toEqual(before);
  });

  it('to make an executable jar names the projects that do', async () => {
    const of = async (service: ServiceConfig) =>
      await builder.package({ services: [service], tests: false }, recordingContext());
    expect(await of(letters.service('letters', 'postage'))).toMatchObject({
      error: { code: 'JAR_NOT_FOUND', hint: expect.stringContaining(':counter, :desk') as unknown },
    });
    expect(await of(letters.service('letters', ':dask'))).toMatchObject({
      error: { code: 'CONFIG_INVALID', hint: expect.stringContaining(':counter, :desk') as unknown },
    });
  });
});

describe('a build without its task for the jar', () => {
  it('is an error, although Gradle succeeds and an older jar lies there', async () => {
    await build();
    const left = {
      code: 'JAR_NOT_FOUND',
      message: expect.stringContaining('left out :desk:bootJar') as unknown,
    };
    for (const arg of ['--dry-run', '-xbootJar']) {
      const service = letters.service('letters', ':desk', { args: [arg] });
      const context = recordingContext();
      expect(await builder.package({ services: [service], tests: false }, context)).toMatchObject({
        error: left,
      });
    }
    const back = letters.replace(
      'desk/build.gradle',
      "apply plugin: 'org.springframework.boot'",
      "apply plugin: 'org.springframework.boot'\nbootJar.onlyIf { false }",
    );
    const skipped = await builder.package(
      { services: [letters.service()], tests: false },
      recordingContext(),
    );
    back();
    expect(skipped).toMatchObject({ error: left });
  });
});

describe('a build script that changes', () => {
  it('where the jar lies is asked again, and its old jar is not taken for the new one', async () => {
    const back = letters.replace('build.gradle', "version = '1.4'", "version = '1.5'");
    const jar = await build();
    back();
    expect(jar.built).toBe(join(letters.root, 'desk/build/libs/desk-1.5.jar'));
    expect((await build()).built).toBe(join(letters.root, 'desk/build/libs/desk-1.4.jar'));
    for (const name of ['desk', 'postage']) rmSync(join(letters.root, name, `build/libs/${name}-1.5.jar`));
  });

  it('brings the projects that it needs now among the inputs', async () => {
    const back = letters.replace('counter/build.gradle', "implementation project(':postage')", '');
    const inputs = await builder.inputsOf(letters.service('counter', ':counter'));
    back();
    expect(inputs).toMatchObject({ kind: 'ok' });
    expect(JSON.stringify(inputs.kind === 'ok' && inputs.value.paths)).not.toContain('postage');
  });
});

describe('a cancelled build', () => {
  it('leaves its daemon alive and at rest, and what it was writing alone', async () => {
    await build();
    const [daemon, ...others] = daemons();
    expect(others).toEqual([]);
    const back = letters.replace(tariff, 'A letter of', 'Cancelled letter of');
    const controller = new AbortController();
    const context = recordingContext(controller.signal);
    // As soon as the first task has been worked on, in the middle of the build.
    onOutput = (line) => {
      if (line.startsWith(':')) controller.abort('superseded');
    };
    const outcome = await builder.package({ services: [letters.service()], tests: false }, context);
    onOutput = () => undefined;
    expect(outcome).toEqual({ kind: 'cancelled', reason: 'superseded' });
    expect(calls.at(-1)).toContain('--status');
    const left = outputsOf(letters.root);
    back();
    expect(daemons()).toEqual([daemon]);
    // The next build is served by the same daemon, which is how Gradle says that it was idle.
    await build();
    expect(daemons()).toEqual([daemon]);
    expect(Object.keys(left).length).toBeGreaterThan(0);
  });

  it('fifty times at random moments, leaves nothing that the next build gets wrong', async () => {
    const services = [letters.service(), letters.service('counter', 'counter')];
    const edit = (value: number): void => {
      const text = letters.read(tariff).replace(/"[^"]* letter of/, `"${value} letter of`);
      letters.write(tariff, text);
    };
    edit(-1);
    const edited = services.slice(0, 1);
    let startedMs = performance.now();
    expect((await builder.package({ services: edited, tests: false }, recordingContext())).kind).toBe('ok');
    let buildMs = performance.now() - startedMs;
    const perMille = fc.noBias(fc.integer({ min: 0, max: 1000 }));
    const moments = fc.sample(fc.tuple(perMille, fc.boolean()), { numRuns: 200, seed: 20260101 });
    let cancellations = 0;
    for (const [index, [at, inLibrary]] of moments.entries()) {
      if (cancellations === 50) break;
      if (inLibrary) {
        const path = 'postage/src/main/java/com/example/letters/Postage.java';
        letters.write(path, letters.read(path).replace(/\d+ \+ 15/, `${1000 + index} + 15`));
      } else edit(index);
      const controller = new AbortController();
      const timer = setTimeout(
        () => {
          controller.abort('superseded');
        },
        (at / 1000) * buildMs,
      );
      const context = recordingContext(controller.signal);
      startedMs = performance.now();
      const outcome = await builder.package({ services: edited, tests: false }, context);
      clearTimeout(timer);
      // A build that was over before its moment says how long one takes by now.
      if (outcome.kind === 'ok') buildMs = performance.now() - startedMs;
      if (outcome.kind === 'cancelled') cancellations += 1;
      else if (outcome.kind === 'failed') throw new Error(JSON.stringify(outcome.error, null, 2));
    }
    expect(cancellations).toBe(50);
    expect((await builder.package({ services, tests: false }, recordingContext())).kind).toBe('ok');
    const clean = join(folder, 'clean');
    cpSync(letters.root, clean, { recursive: true, filter: (path) => !/\/(build|\.gradle)$/.test(path) });
    const outcome = await builder.package(
      { services: services.map((service) => ({ ...service, path: clean })), tests: false },
      recordingContext(),
    );
    expect(outcome.kind).toBe('ok');
    const wanted = outputsOf(clean);
    expect(Object.keys(wanted).filter((path) => path.endsWith('.class'))).toHaveLength(5);
    expect(outputsOf(letters.root)).toEqual(wanted);
  });
});

describe('the daemons', () => {
  it('end with their session', async () => {
    await build();
    const [daemon] = daemons();
    if (daemon === undefined) throw new Error('no daemon');
    await builder.close();
    expect(isAlive(daemon)).toBe(false);
    expect(daemons()).toEqual([]);
  });
});
