/** Which build services belong to, which Gradle runs it, and with which options. */
import type { ServiceConfig } from '../../../config/model.ts';
import { ok, type Outcome } from '../../../core/outcome.ts';
import type { Asked } from './answers.ts';
import { findGradleRoot } from './model.ts';
import { findGradle, type GradleTool } from './tool.ts';
import { fastOptions, findJdk, type JvmEnvironment } from '../jdk.ts';

/** What the environment says to Gradle. */
export interface GradleEnvironment {
  readonly jvm: JvmEnvironment;
  /** Folder with the user's own settings of Gradle. */
  readonly userHome: string;
}

/** A build and what runs it. */
export interface GradleBuild {
  /** Root folder of the build. */
  readonly root: string;
  readonly gradle: GradleTool;
  readonly asked: Asked;
}

/** The common build of these services, with the arguments of all of them. Fails with TOOL_MISSING. */
export function buildOf(services: readonly ServiceConfig[], jvm: JvmEnvironment): Outcome<GradleBuild> {
  const [first, ...others] = services;
  const root = first === undefined ? '' : findGradleRoot(first.path);
  if (first === undefined || others.some(({ path }) => findGradleRoot(path) !== root)) {
    throw new Error('one invocation builds services of one build');
  }
  const gradle = findGradle(first.path, root);
  if (gradle.kind !== 'ok') return gradle;
  const args = [...new Set(services.flatMap(({ jar }) => jar?.args ?? []))];
  const toolchain = `${gradle.value.identity}\n${findJdk(jvm.javaHome)?.identity}`;
  return ok({ root, gradle: gradle.value, asked: { root, toolchain, args } });
}

/**
 * The user's options for the client's JVM, with ours added: that JVM lives for a second. The daemon has its own
 * options.
 */
export function clientOptions({ javaHome, options: own, otherOptions }: JvmEnvironment): string {
  if (findJdk(javaHome) === undefined) return own;
  return [own, ...fastOptions(`${own} ${otherOptions}`)].filter((text) => text !== '').join(' ');
}
