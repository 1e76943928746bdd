/** Compiles the listener for Maven, once for each JDK, and keeps it in the cache folder. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cancelled, failed, ok, type Outcome } from '../../../../core/outcome.ts';
import { sessionId } from '../../../../support/process/mark.ts';
import type { RunProcess } from '../../../../support/process/process.ts';
import type { Jdk } from '../../jdk.ts';
import { listenerClass, listenerSource, stubSources } from './source.ts';

/** What is needed to compile it. */
export interface ListenerParts {
  readonly run: RunProcess;
  /** Folder for what is kept between sessions. */
  readonly cache: string;
  /** Folder of the JDK that runs Maven; empty if it is the one on PATH. */
  readonly javaHome: string;
  /** Undefined if it is not known. */
  readonly jdk: Jdk | undefined;
}

/**
 * The folder to put on Maven's class path (`-Dmaven.ext.class.path`). Compiles the listener if it is not there yet,
 * which takes about a second. Fails with TOOL_MISSING if there is no javac, or with SOURCE_BUILD_FAILED if javac fails.
 */
export async function prepareListener(
  { run, cache, javaHome, jdk }: ListenerParts,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const name = createHash('sha256')
    .update(JSON.stringify([listenerSource, jdk?.identity]))
    .digest('hex')
    .slice(0, 16);
  const folder = join(cache, `listener-${name}`);
  if (existsSync(folder)) return ok(folder);
  const draft = join(cache, `draft-listener-${sessionId}`);
  try {
    return await compile(run, { draft, folder, javaHome, jdk }, signal);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Where it is compiled, and by what. */
interface Draft extends Pick<ListenerParts, 'javaHome' | 'jdk'> {
  readonly draft: string;
  /** Where it goes in the end. */
  readonly folder: string;
}

async function compile(
  run: RunProcess,
  { draft, folder, javaHome, jdk }: Draft,
  signal: AbortSignal,
): Promise<Outcome<string>> {
  const sources = { ...stubSources, [`${listenerClass.replaceAll('.', '/')}.java`]: listenerSource };
  const files = Object.keys(sources).map((file) => join(draft, 'sources', file));
  for (const [file, text] of Object.entries(sources)) {
    const path = join(draft, 'sources', file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  const classes = join(draft, 'classes');
  const tool = javaHome === '' ? 'javac' : join(javaHome, 'bin', 'javac');
  // Maven 3.8 finds no component in classes for Java 17: its Sisu reads them by an older ASM. Java 8 has no --release.
  const release = jdk === undefined || jdk.major > 8 ? ['--release', '8'] : [];
  const args = [...release, '-proc:none', '-nowarn', '-encoding', 'UTF-8', '-d', classes, ...files];
  await mkdir(classes);
  const finished = await run({ tool, args, cwd: draft }, { signal });
  if (finished.kind === 'cancelled') return cancelled(signal);
  if (finished.kind === 'missing') {
    return failed('TOOL_MISSING', `${tool} does not exist, but Maven needs a JDK to compile`, {
      hint: 'install a JDK (a runtime alone is not enough), or set JAVA_HOME to one',
    });
  }
  if (finished.exitCode !== 0) {
    return failed('SOURCE_BUILD_FAILED', `${tool} cannot compile what appdev adds to Maven`, {
      evidence: finished.lines.slice(-10),
      hint: `check the JDK: ${tool} -version`,
    });
  }
  for (const stub of ['javax', 'org']) await rm(join(classes, stub), { recursive: true, force: true });
  const index = join(classes, 'META-INF', 'sisu', 'javax.inject.Named');
  await mkdir(dirname(index), { recursive: true });
  await writeFile(index, `${listenerClass}\n`);
  // Another session may have been faster.
  await rename(classes, folder).catch((error: unknown) => {
    if (!existsSync(folder)) throw error;
  });
  return ok(folder);
}
