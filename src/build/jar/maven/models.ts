/**
 * Asks Maven what it makes of a build's pom files, and keeps the answer until one of them changes. Runs no goal. An
 * answer takes 0.8 s on the sample app (median of five), of which Maven's own start is the most.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringAt } from '../../../support/fields.ts';
import { readState, writeState } from '../../../support/files/state-file.ts';
import { makeTempFolder } from '../../../support/files/temp.ts';
import type { RunProcess } from '../../../support/process/process.ts';
import { findJdk, type Jdk, type JvmEnvironment } from '../jdk.ts';
import { isResolved } from '../offline-record.ts';
import { questionArguments } from './command.ts';
import { archiveName, blamesJvmOptions, planJvm, readUserOptions } from './jvm.ts';
import { prepareListener } from './listener/prepare.ts';
import { modelsVariable } from './listener/source.ts';
import { parseModels, type EffectiveModels } from './model/effective.ts';
import type { Reactor } from './model/reactor.ts';
import { settingsHash } from './project.ts';
import type { MavenTool } from './tool.ts';

/** What the questions need. */
export interface ModelParts {
  readonly run: RunProcess;
  /** Folder for what is kept between sessions. */
  readonly cache: string;
  readonly jvm: JvmEnvironment;
  /** Called with a message for the user about work outside of any stage. */
  readonly tell: (message: string) => void;
}

/** Which build is asked, and with what. */
export interface AskedBuild {
  readonly reactor: Reactor;
  readonly maven: MavenTool;
  /** The user's arguments, because profiles and properties may change a build. */
  readonly args: readonly string[];
}

interface Known {
  /** Hash of what decides the answer. */
  readonly settings: string;
  /** Undefined if Maven gave no answer. It would give none again until something changes. */
  readonly models: EffectiveModels | undefined;
}

/** The questions and answers of one session. */
export class MavenModels {
  readonly #parts: ModelParts;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<EffectiveModels | undefined>>();
  readonly #closing = new AbortController();

  constructor(parts: ModelParts) {
    this.#parts = parts;
  }

  /** The known answer. Undefined if a file has changed since, or Maven was never asked. */
  async known(build: AskedBuild): Promise<EffectiveModels | undefined> {
    const settings = this.#settingsOf(build);
    const known = await this.#read(keyOf(build));
    return known?.settings === settings ? known.models : undefined;
  }

  /** The answer. Asks if it is not known. Undefined if Maven cannot say, because a pom is wrong or a parent is missing. */
  async of(build: AskedBuild): Promise<EffectiveModels | undefined> {
    const settings = this.#settingsOf(build);
    const known = await this.#read(keyOf(build));
    if (known?.settings === settings) return known.models;
    // Two services of one reactor get one answer.
    const running = this.#asking.get(settings);
    if (running !== undefined) return await running;
    // The first time, Maven may download itself and parents.
    if (known === undefined) this.#parts.tell(`asking Maven what the build in ${build.reactor.top} reads`);
    const question = this.#ask(build, settings);
    this.#asking.set(settings, question);
    try {
      return await question;
    } finally {
      this.#asking.delete(settings);
    }
  }

  /** Lets Maven be asked again, because it can build now. Does nothing if there is an answer. */
  retry(build: AskedBuild): void {
    const key = keyOf(build);
    if (this.#known.get(key)?.models === undefined) this.#known.delete(key);
  }

  /** Ends the questions that still run. Call once, at the end of the session. */
  async close(): Promise<void> {
    this.#closing.abort('shutdown');
    await Promise.allSettled(this.#asking.values());
  }

  async #ask(build: AskedBuild, settings: string): Promise<EffectiveModels | undefined> {
    const models = await this.#run(build);
    const key = keyOf(build);
    // Files that changed in between may or may not be in the answer.
    if (this.#settingsOf(build) !== settings) return models;
    this.#known.set(key, { settings, models });
    // If it cannot be written, that only costs another question later.
    if (models !== undefined) {
      const projects = [...models].map(([pom, model]) => ({ pom, model }));
      await writeState(this.#fileOf(key), { settings, projects });
    }
    return models;
  }

  async #run({ reactor, maven, args }: AskedBuild): Promise<EffectiveModels | undefined> {
    const { run, cache, jvm } = this.#parts;
    const signal = this.#closing.signal;
    const jdk = this.#jdk();
    const listener = await prepareListener({ run, cache, javaHome: jvm.javaHome, jdk }, signal);
    if (listener.kind !== 'ok') return undefined;
    const user = readUserOptions(reactor.top, jvm);
    const path = jdk === undefined ? '' : join(cache, archiveName(maven, jdk));
    const archive = existsSync(path) ? { path, exists: true, draft: '' } : undefined;
    const resolved = settingsHash(reactor, maven, jdk, args);
    const offline = await isResolved(cache, reactor.top, resolved, Date.now());
    const folder = makeTempFolder('maven-models');
    const file = join(folder, 'models.json');
    try {
      // The JVM may reject our options.
      for (const mavenOpts of new Set([planJvm(user, jdk, archive).mavenOpts, user.mavenOpts])) {
        const finished = await run(
          {
            tool: maven.tool,
            args: [...maven.args, ...questionArguments({ args, offline, listener: listener.value })],
            cwd: reactor.top,
            env: { MAVEN_OPTS: mavenOpts, [modelsVariable]: file },
          },
          { signal },
        );
        if (finished.kind !== 'exited') return undefined;
        if (finished.exitCode === 0) return await readState(file, parseModels);
        if (!blamesJvmOptions(finished.lines)) return undefined;
      }
      return undefined;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Hash of what decides the answer. Options of the JVM may set properties of the build. */
  #settingsOf({ reactor, maven, args }: AskedBuild): string {
    const { jvm } = this.#parts;
    return settingsHash(reactor, maven, this.#jdk(), [...args, readUserOptions(reactor.top, jvm).all]);
  }

  #jdk(): Jdk | undefined {
    return findJdk(this.#parts.jvm.javaHome);
  }

  async #read(key: string): Promise<Known | undefined> {
    const known =
      this.#known.get(key) ??
      (await readState<Known>(this.#fileOf(key), (value) => {
        const settings = stringAt(value, 'settings');
        const models = parseModels(value);
        return settings === undefined || models === undefined ? undefined : { settings, models };
      }));
    if (known !== undefined) this.#known.set(key, known);
    return known;
  }

  #fileOf(key: string): string {
    return join(this.#parts.cache, `models-${key}.json`);
  }
}

function keyOf({ reactor, args }: AskedBuild): string {
  return createHash('sha256')
    .update(JSON.stringify([reactor.top, args]))
    .digest('hex')
    .slice(0, 16);
}
