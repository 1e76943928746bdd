/**
 * What is built is a function of the sources: after any sequence of edits, of failed and stopped builds and compilations, and of
 * writes by an IDE, the jars and the classes are those of a clean build by the build tool alone, byte for byte; or both fail. Real
 * Maven, Gradle and javac.
 *
 * `npm run bench -- --builds N` is the long form: N edits, from a seed of its own (APPDEV_EDITS, APPDEV_EDITS_SEED).
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGradleBuilder, type GradleBuilder } from '../../src/build/jar/gradle/builder.ts';
import { createMavenBuilder } from '../../src/build/jar/maven/builder.ts';
import type { Classes, ClassFolder, JarBuilder } from '../../src/build/types.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import { reapLeftovers } from '../../src/support/process/leftovers.ts';
import { runProcess, type RunProcess } from '../../src/support/process/process.ts';
import {
  classesOf,
  copyClean,
  editedService,
  firstSources,
  gradleKind,
  jarsOf,
  mavenKind,
  writeEditedProject,
  type BuildKind,
  type ModuleName,
} from '../support/edited-project.ts';
import { drawEdits, Editor, type Edit } from '../support/edits.ts';
import { recordingContext } from '../support/recording-context.ts';
import { environmentNow } from '../support/environment.ts';

const count = Number(process.env['APPDEV_EDITS'] ?? 40);
const seed = Number(process.env['APPDEV_EDITS_SEED'] ?? 20261128);
const patienceMs = count * 15_000;
/** Tests print nothing; the long form says what it saw. */
const print = process.env['APPDEV_EDITS'] === undefined ? () => undefined : console.log;

let folder: string;
const gradles: GradleBuilder[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'appdev-edits-'));
});
afterAll(async () => {
  for (const gradle of gradles) await gradle.close();
  await reapLeftovers(2000);
  rmSync(folder, { recursive: true, force: true });
});

/** Sees each line of a build tool's standard output. */
let onOutput: (line: string) => void = () => undefined;
const watched: RunProcess = async (command, options) =>
  await runProcess(command, {
    ...options,
    onLine(stream, line) {
      options.onLine?.(stream, line);
      if (stream === 'stdout') onOutput(line);
    },
  });

/** What a build leaves, by module. */
interface Made {
  readonly jars: Record<string, string>;
  readonly classes: Record<ModuleName, Record<string, string>>;
}

function madeIn(root: string, kind: BuildKind): Made {
  return { jars: jarsOf(root, kind), classes: classesOf(root, kind) };
}

/** A build of the sources alone: what it makes, or that they cannot be built. */
type CleanBuild = (root: string) => Promise<Made | 'fails'>;

/** What a compilation says that it made, by module. */
function classesIn({ own, upstream }: Classes): Made['classes'] {
  const filesOf = (folders: readonly ClassFolder[]): Record<string, string> =>
    Object.fromEntries(folders.flatMap(({ files }) => [...files]));
  return { lib: filesOf(upstream), app: filesOf(own) };
}

async function buildClean(builder: JarBuilder, root: string, kind: BuildKind): Promise<'ok' | 'fails'> {
  const outcome = await builder.package(
    { services: [editedService(root, kind)], tests: false },
    recordingContext(),
  );
  return outcome.kind === 'ok' ? 'ok' : 'fails';
}

/** Walks through the edits and compares at each build. Returns how often what came of it. */
async function walk(
  kind: BuildKind,
  builder: JarBuilder,
  clean: CleanBuild,
  disturbAt?: (edit: Edit) => RegExp,
): Promise<Record<'equal' | 'failed' | 'stopped' | 'compiled', number>> {
  const root = join(folder, kind.tool);
  writeEditedProject(root, kind);
  const editor = new Editor(root, kind, firstSources);
  const seen = { equal: 0, failed: 0, stopped: 0, compiled: 0 };
  const known = new Map<string, Made | 'fails'>();
  let lines = 0;

  const services = [editedService(root, kind)];

  /** What it made, that it failed, or that it was stopped. */
  async function build<T>(work: () => Promise<Outcome<T>>, made: (value: T) => unknown): Promise<unknown> {
    const outcome = await work();
    onOutput = () => undefined;
    if (outcome.kind === 'ok') return made(outcome.value);
    if (outcome.kind === 'cancelled') return 'stopped';
    if (outcome.error.code !== 'SOURCE_BUILD_FAILED') throw new Error(JSON.stringify(outcome.error, null, 2));
    return 'fails';
  }

  const pack = async (signal?: AbortSignal): Promise<unknown> =>
    await build(
      async () => await builder.package({ services, tests: false }, recordingContext(signal)),
      () => jarsOf(root, kind),
    );
  const compile = async (signal?: AbortSignal): Promise<unknown> =>
    await build(
      async () => await builder.compile({ services }, recordingContext(signal)),
      (made) => classesIn(made.get('app') ?? { service: 'app', own: [], upstream: [] }),
    );

  async function compare(made: unknown, compiles: boolean, steps: string): Promise<void> {
    const state = JSON.stringify([...editor.sources.classes, ...editor.sources.resources].sort());
    const alone = known.get(state) ?? (await clean(root));
    known.set(state, alone);
    const wanted = alone === 'fails' ? alone : compiles ? withOwnCode(alone.classes) : alone.jars;
    expect({ steps, made }).toEqual({ steps, made: wanted });
    if (made === 'fails') seen.failed += 1;
    else if (compiles) seen.compiled += 1;
    else seen.equal += 1;
  }

  onOutput = () => (lines += 1);
  await compare(await pack(), false, 'first build');
  expect(seen.equal).toBe(1);
  let steps = `seed ${seed}:`;
  for (const edit of drawEdits(seed, count)) {
    editor.apply(edit);
    steps += ` ${edit.kind};`;
    if (edit.next === 'edit') continue;
    // Most of what is built should compile.
    if (edit.second % 4 !== 0) editor.apply({ ...edit, kind: 'fix' });
    steps += ` ${edit.next}${edit.compiles ? ' of classes' : ''};`;
    const controller = new AbortController();
    if (edit.next === 'stopped build') {
      let left = Math.floor((lines * edit.at) / 1000);
      onOutput = () => {
        left -= 1;
        if (left === 0) controller.abort('superseded');
      };
    } else if (edit.next === 'disturbed build' && disturbAt !== undefined) {
      const at = disturbAt(edit);
      onOutput = (line) => {
        if (!at.test(line)) return;
        onOutput = () => undefined;
        editor.disturb(edit.first);
      };
    }
    const made = await (edit.compiles ? compile : pack)(controller.signal);
    if (made === 'stopped') seen.stopped += 1;
    else await compare(made, edit.compiles, steps);
  }
  // Whatever the last edits were: in the end it is fixed and built.
  const fix = { kind: 'fix', first: 0, second: 0, looksOld: true, next: 'build', at: 0 } as const;
  editor.apply({ ...fix, compiles: false });
  await compare(await pack(), false, `${steps} fix; build`);
  print(
    `${kind.tool}, seed ${seed}, ${count} edits: ${seen.equal} times the same jars, ${seen.compiled} times the same classes, ${seen.failed} times both failed, ${seen.stopped} builds stopped`,
  );
  return seen;
}

/** The classes of a module without any are missed by a compilation, not by a jar. */
function withOwnCode(classes: Made['classes']): Made['classes'] | 'fails' {
  return Object.keys(classes.app).length === 0 ? 'fails' : classes;
}

/** What the JVM of a build that takes seconds is best given; it has no say in what javac and Maven write. */
const shortLived = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';

/** The same, with Maven's own classes from the archive that the builder has written at its first build. */
function withArchive(cache: string): string {
  const archive = readdirSync(cache).find((name) => name.endsWith('.jsa'));
  return archive === undefined ? shortLived : `${shortLived} -XX:SharedArchiveFile=${join(cache, archive)}`;
}

let copies = 0;
function cleanCopy(root: string): string {
  copies += 1;
  const to = join(folder, `clean-${copies}`);
  copyClean(root, to);
  return to;
}

describe('after any sequence of edits, the jars and the classes are those of a clean build', () => {
  it(
    'by Maven',
    async () => {
      const builder = createMavenBuilder({
        jvm: environmentNow().maven,
        tell: () => undefined,
        run: watched,
        projectRoot: folder,
        cache: join(folder, 'cache'),
      });
      const clean: CleanBuild = async (root) => {
        const copy = cleanCopy(root);
        const args = ['-B', '-q', '-o', '-Dmaven.test.skip=true', '-pl', 'app', '-am', 'package'];
        const finished = await runProcess(
          { tool: 'mvn', args, cwd: copy, env: { MAVEN_OPTS: withArchive(join(folder, 'cache/maven')) } },
          { signal: new AbortController().signal },
        );
        const isBuilt = finished.kind === 'exited' && finished.exitCode === 0;
        const made = isBuilt ? madeIn(copy, mavenKind) : 'fails';
        rmSync(copy, { recursive: true });
        return made;
      };
      // Before javac, and between javac and the jar.
      const disturbAt = ({ at }: Edit): RegExp =>
        at < 500 ? /:resources .* @ app/ : /:testResources .* @ app/;
      const seen = await walk(mavenKind, builder, clean, disturbAt);
      expect(seen.equal + seen.compiled).toBeGreaterThan(count / 8);
      expect(seen.compiled).toBeGreaterThan(0);
    },
    patienceMs,
  );

  it(
    'by Gradle',
    async () => {
      const builder = createGradleBuilder({
        environment: environmentNow().gradle,
        run: watched,
        projectRoot: folder,
        cache: join(folder, 'cache'),
        tell: () => undefined,
      });
      gradles.push(builder);
      const clean: CleanBuild = async (root) => {
        const copy = cleanCopy(root);
        const made =
          (await buildClean(builder, copy, gradleKind)) === 'ok' ? madeIn(copy, gradleKind) : 'fails';
        rmSync(copy, { recursive: true });
        return made;
      };
      const seen = await walk(gradleKind, builder, clean);
      expect(seen.equal + seen.compiled).toBeGreaterThan(count / 8);
      expect(seen.compiled).toBeGreaterThan(0);
    },
    patienceMs,
  );
});
