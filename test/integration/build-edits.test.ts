/**
 * What is built is a function of the sources: after any sequence of edits, of failed and stopped builds, and of writes by an
 * IDE, the jars are those of a clean build by the build tool alone, byte for byte; or both fail. Real Maven, Gradle and javac.
 *
 * `npm run bench -- --builds N` is the long form: N edits, from a seed of its own (APPDEV_EDITS, APPDEV_EDITS_SEED).
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGradleBuilder, type GradleBuilder } from '../../src/build/jar/gradle/builder.ts';
import { createMavenBuilder } from '../../src/build/jar/maven/builder.ts';
import type { JarBuilder } from '../../src/build/types.ts';
import { reapLeftovers } from '../../src/support/process/leftovers.ts';
import { runProcess, type RunProcess } from '../../src/support/process/process.ts';
import {
  copyClean,
  editedService,
  firstSources,
  gradleKind,
  jarsOf,
  mavenKind,
  writeEditedProject,
  type BuildKind,
} from '../support/edited-project.ts';
import { drawEdits, Editor, type Edit } from '../support/edits.ts';
import { recordingContext } from '../support/recording-context.ts';

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

/** A build of the sources alone: the jars, or that they cannot be built. */
type CleanBuild = (root: string) => Promise<Record<string, string> | 'fails'>;

async function buildClean(builder: JarBuilder, root: string, kind: BuildKind): Promise<'ok' | 'fails'> {
  const outcome = await builder.build(
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
): Promise<{ readonly equal: number; readonly failed: number; readonly stopped: number }> {
  const root = join(folder, kind.tool);
  writeEditedProject(root, kind);
  const editor = new Editor(root, kind, firstSources);
  const seen = { equal: 0, failed: 0, stopped: 0 };
  const known = new Map<string, Record<string, string> | 'fails'>();
  let lines = 0;

  async function build(signal?: AbortSignal): Promise<'ok' | 'failed' | 'cancelled'> {
    const context = recordingContext(signal);
    const outcome = await builder.build({ services: [editedService(root, kind)], tests: false }, context);
    onOutput = () => undefined;
    if (outcome.kind === 'failed' && outcome.error.code !== 'SOURCE_BUILD_FAILED')
      throw new Error(JSON.stringify(outcome.error, null, 2));
    return outcome.kind;
  }

  async function compare(outcome: 'ok' | 'failed', steps: string): Promise<void> {
    const state = JSON.stringify([...editor.sources.classes, ...editor.sources.resources].sort());
    const wanted = known.get(state) ?? (await clean(root));
    known.set(state, wanted);
    expect({ steps, jars: outcome === 'ok' ? jarsOf(root, kind) : 'fails' }).toEqual({ steps, jars: wanted });
    seen[outcome === 'ok' ? 'equal' : 'failed'] += 1;
  }

  onOutput = () => (lines += 1);
  expect(await build()).toBe('ok');
  await compare('ok', 'first build');
  let steps = `seed ${seed}:`;
  for (const edit of drawEdits(seed, count)) {
    editor.apply(edit);
    steps += ` ${edit.kind};`;
    if (edit.next === 'edit') continue;
    // Most of what is built should compile.
    if (edit.second % 4 !== 0) editor.apply({ ...edit, kind: 'fix' });
    steps += ` ${edit.next};`;
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
    const outcome = await build(controller.signal);
    if (outcome === 'cancelled') seen.stopped += 1;
    else await compare(outcome, steps);
  }
  // Whatever the last edits were: in the end it is fixed and built.
  editor.apply({ kind: 'fix', first: 0, second: 0, looksOld: true, next: 'build', at: 0 });
  const last = await build();
  if (last === 'cancelled') throw new Error('nobody stopped the last build');
  await compare(last, `${steps} fix; build`);
  print(
    `${kind.tool}, seed ${seed}, ${count} edits: ${seen.equal} times the same jars, ${seen.failed} times both failed, ${seen.stopped} builds stopped`,
  );
  return seen;
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

describe('after any sequence of edits, the jars are those of a clean build', () => {
  it(
    'by Maven',
    async () => {
      const builder = createMavenBuilder({ run: watched, projectRoot: folder, cache: join(folder, 'cache') });
      const clean: CleanBuild = async (root) => {
        const copy = cleanCopy(root);
        const args = ['-B', '-q', '-o', '-Dmaven.test.skip=true', '-pl', 'app', '-am', 'package'];
        const finished = await runProcess(
          { tool: 'mvn', args, cwd: copy, env: { MAVEN_OPTS: withArchive(join(folder, 'cache/maven')) } },
          { signal: new AbortController().signal },
        );
        const isBuilt = finished.kind === 'exited' && finished.exitCode === 0;
        const jars = isBuilt ? jarsOf(copy, mavenKind) : 'fails';
        rmSync(copy, { recursive: true });
        return jars;
      };
      // Before javac, and between javac and the jar.
      const disturbAt = ({ at }: Edit): RegExp =>
        at < 500 ? /:resources .* @ app/ : /:testResources .* @ app/;
      const seen = await walk(mavenKind, builder, clean, disturbAt);
      expect(seen.equal).toBeGreaterThan(count / 8);
    },
    patienceMs,
  );

  it(
    'by Gradle',
    async () => {
      const builder = createGradleBuilder({
        run: watched,
        projectRoot: folder,
        cache: join(folder, 'cache'),
        tell: () => undefined,
      });
      gradles.push(builder);
      const clean: CleanBuild = async (root) => {
        const copy = cleanCopy(root);
        const jars =
          (await buildClean(builder, copy, gradleKind)) === 'ok' ? jarsOf(copy, gradleKind) : 'fails';
        rmSync(copy, { recursive: true });
        return jars;
      };
      const seen = await walk(gradleKind, builder, clean);
      expect(seen.equal).toBeGreaterThan(count / 8);
    },
    patienceMs,
  );
});
