/**
 * Options that make Maven's own JVM fast. A build is short: with only the first compiler tier, the simplest collector,
 * and classes mapped from an archive it took 2.3 s, compared with 5.2 s by default. Never overrides the user's own
 * choice, and every option can be left out again.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { fastOptions, type Jdk, type JvmEnvironment } from '../jdk.ts';
import type { MavenTool } from './tool.ts';

/** Where the options of Maven's JVM come from. All texts are joined. */
export interface UserOptions {
  /** MAVEN_OPTS alone. Ours are appended to it. */
  readonly mavenOpts: string;
  readonly all: string;
}

/** How to start Maven's JVM. */
export interface JvmPlan {
  /** The value for MAVEN_OPTS. */
  readonly mavenOpts: string;
  /** Set if this run writes an archive: the path to write to, and its final path after the run has succeeded. */
  readonly writes?: { readonly draft: string; readonly archive: string };
}

/** The options that the user has set for Maven's JVM, in every place that the JVM and Maven's script read. */
export function readUserOptions(top: string, jvm: JvmEnvironment): UserOptions {
  const mavenOpts = jvm.options;
  const all = [
    mavenOpts,
    jvm.otherOptions,
    read(join(top, '.mvn', 'jvm.config')),
    ...['/usr/local/etc/mavenrc', '/etc/mavenrc', join(homedir(), '.mavenrc')].map(read),
  ].join(' ');
  return { mavenOpts, all };
}

/** The file name of the class archive for one Maven on one JVM. */
export function archiveName(maven: MavenTool, jdk: Jdk): string {
  const key = createHash('sha256').update(JSON.stringify([maven.identity, jdk.identity, fastOptions('')]));
  return `maven-${key.digest('hex').slice(0, 16)}.jsa`;
}

/**
 * Plans a start. `archive` is the path of the class archive, and whether it exists. If it does not, this run writes it
 * at its end, which takes about 1.5 s once. Without `archive`, no archive is used.
 */
export function planJvm(
  user: UserOptions,
  jdk: Jdk | undefined,
  archive?: { readonly path: string; readonly exists: boolean; readonly draft: string },
): JvmPlan {
  const options = fastOptions(user.all);
  const mayArchive =
    jdk !== undefined &&
    jdk.major >= 13 &&
    !/-Xshare|SharedArchive|ArchiveClasses|-javaagent|-agentlib/.test(user.all);
  const join = (more: readonly string[]): string =>
    [user.mavenOpts, ...options, ...more].filter((text) => text !== '').join(' ');
  if (!mayArchive || archive === undefined || /\s/.test(archive.path)) return { mavenOpts: join([]) };
  // Its warnings (classes that cannot be archived, an archive of another JVM) would appear in the build's output.
  const quiet = ['-Xlog:cds=off', '-Xlog:cds+dynamic=off'];
  if (archive.exists) return { mavenOpts: join([`-XX:SharedArchiveFile=${archive.path}`, ...quiet]) };
  return {
    mavenOpts: join([`-XX:ArchiveClassesAtExit=${archive.draft}`, ...quiet]),
    writes: { draft: archive.draft, archive: archive.path },
  };
}

/** True if a failed run says that the JVM rejected its options or could not write its archive. */
export function blamesJvmOptions(lines: readonly string[]): boolean {
  return lines.some((line) =>
    /Could not create the Java Virtual Machine|Error occurred during initialization of VM|processing the shared archive file|SIGSEGV|hs_err_pid/.test(
      line,
    ),
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
