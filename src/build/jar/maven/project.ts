/** Where a service is in its Maven build, and what identifies the state of that build's settings. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ServiceConfig } from '../../../config/model.ts';
import { failed, ok, type Outcome } from '../../../core/outcome.ts';
import { namesIn } from '../file-picture.ts';
import type { Jdk } from '../jdk.ts';
import type { MavenTool } from './tool.ts';
import { saysEverything } from './model/effective.ts';
import { findModule, findReactor, upstreamOf, type Module, type Reactor } from './model/reactor.ts';

/** A service's module in its reactor. */
export interface Located {
  readonly service: ServiceConfig;
  readonly reactor: Reactor;
  readonly module: Module;
}

/** Finds the module that makes a service's jar. Fails with CONFIG_INVALID. */
export function locate(service: ServiceConfig): Outcome<Located> {
  const reactor = findReactor(service.path);
  if (reactor === undefined) {
    return failed(
      'CONFIG_INVALID',
      `${service.name}: ${join(service.path, 'pom.xml')} does not exist or is not a Maven project`,
      {
        hint: `set services.${service.name}.path to the folder with the pom.xml`,
      },
    );
  }
  const name = service.jar?.module;
  const module =
    name === undefined
      ? reactor.modules.get(join(service.path, 'pom.xml'))
      : findModule(reactor, service.path, name);
  if (module === undefined) {
    const known = [...reactor.modules.values()].map(({ pom }) => `:${pom.artifactId}`);
    return failed(
      'CONFIG_INVALID',
      `${service.name}: there is no module ${name} in the build of ${reactor.top}`,
      {
        hint: `set services.${service.name}.jar.module to one of ${known.join(', ')}`,
      },
    );
  }
  return ok({ service, reactor, module });
}

/** True if the pom files do not say what the module is made from, so that Maven must be asked. */
export function needsQuestion({ reactor, module }: Located): boolean {
  // An extension may change any model.
  return existsSync(join(reactor.top, '.mvn', 'extensions.xml')) || !saysEverything(reactor, module);
}

/**
 * What to write so that Maven builds a module that only a profile adds. Undefined if the poms add it anyway.
 */
export function profileHint({ service, reactor, module }: Located): string | undefined {
  const { name, jar } = service;
  for (const { folder, file, pom } of reactor.modules.values()) {
    const adding = [...pom.profiles].filter(([, modules]) =>
      modules.some((named) => [module.folder, module.file].includes(resolve(folder, named))),
    );
    const [profile] = adding.map(([id]) => id);
    if (profile === undefined) continue;
    const args = [...(jar?.args ?? []), `-P${profile}`].join(', ');
    return `only the profile ${profile} of ${file} has the module ${module.pom.artifactId}: set services.${name}.jar.args to [${args}]`;
  }
  return undefined;
}

/**
 * Hash over what decides which dependencies Maven resolves and how it compiles, except sources: all pom files, the
 * settings, the user's arguments, and Maven itself.
 */
export function settingsHash(
  reactor: Reactor,
  maven: MavenTool,
  jdk: Jdk | undefined,
  args: readonly string[],
): string {
  const files = new Set<string>();
  for (const module of reactor.modules.values()) {
    for (const { file } of upstreamOf(reactor, module)) files.add(file);
  }
  const configs = ['.mvn/maven.config', '.mvn/jvm.config', '.mvn/extensions.xml', '.mvn/settings.xml'];
  for (const name of configs) files.add(join(reactor.top, name));
  files.add(join(homedir(), '.m2', 'settings.xml'));
  const hash = createHash('sha256').update(JSON.stringify([maven.identity, jdk?.identity, args]));
  for (const file of [...files].sort()) hash.update(`\0${file}\0${read(file)}`);
  return hash.digest('hex');
}

/** The source file of a test class, in any module and language. */
export function findTestSource(modules: readonly Module[], className: string): string | undefined {
  const path = className.replaceAll('.', '/');
  for (const { folder } of modules) {
    const root = join(folder, 'src', 'test');
    for (const language of namesIn(root)) {
      for (const ending of ['.java', '.kt', '.groovy']) {
        const candidate = join(root, language, path + ending);
        if (read(candidate) !== '') return candidate;
      }
    }
  }
  return undefined;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
