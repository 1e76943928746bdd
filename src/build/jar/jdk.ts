/** The JDK that a build tool's start script chooses, and the options that make a short-lived JVM fast. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTool } from '../../support/process/tool.ts';

/** What is known about the JDK that runs a build tool. */
export interface Jdk {
  readonly major: number;
  /** Text that differs between builds of a JVM. */
  readonly identity: string;
}

/** What the environment says to the JVM of a build tool. A text is empty if it is not set. */
export interface JvmEnvironment {
  /** Folder of the JDK that the tool's script must use: JAVA_HOME. */
  readonly javaHome: string;
  /** The user's options for this tool's JVM alone: MAVEN_OPTS or GRADLE_OPTS. Ours are appended to them. */
  readonly options: string;
  /** The user's options that this JVM gets from other variables. */
  readonly otherOptions: string;
}

/**
 * The JDK that the scripts of Maven and Gradle choose: JAVA_HOME, or else java on PATH. Undefined if its version is
 * unknown, or if it is an OpenJ9, which has other options.
 *
 * @param javaHome the value of JAVA_HOME; empty if it is not set
 */
export function findJdk(javaHome: string): Jdk | undefined {
  const java = javaHome === '' ? findTool('java') : join(javaHome, 'bin', 'java');
  if (java === undefined) return undefined;
  try {
    const home = dirname(dirname(realpathSync(java)));
    const release = readFileSync(join(home, 'release'), 'utf8');
    const image = statSync(join(home, 'lib', 'modules'));
    const major = /^JAVA_VERSION="(?:1\.)?(\d+)/m.exec(release)?.[1];
    if (major === undefined || /OpenJ9/i.test(release)) return undefined;
    // An update in place may leave the release file unchanged.
    return { major: Number(major), identity: `${home}\n${release}\n${image.size} ${image.mtimeMs}` };
  } catch {
    return undefined;
  }
}

/** The first compiler tier and the simplest collector, unless `existing` (the user's options) already chose others. */
export function fastOptions(existing: string): string[] {
  const options: string[] = [];
  if (!/-XX:[-+]?(TieredStopAtLevel|TieredCompilation)|-Xint|-Xcomp|-client|-server/.test(existing)) {
    options.push('-XX:TieredStopAtLevel=1');
  }
  if (!/-XX:[-+]Use\w*GC\b/.test(existing)) options.push('-XX:+UseSerialGC');
  return options;
}
