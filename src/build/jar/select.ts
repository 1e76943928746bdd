/** Builds each service's jar with its own build tool. Knows only which files mean which tool. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceConfig } from '../../config/model.ts';
import { failed, ok, type Outcome } from '../../core/outcome.ts';
import type { CompileRequest, JarBuilder, WorkContext } from '../types.ts';

/** A build tool that makes jars. */
export type JarTool = 'maven' | 'gradle';

const buildFiles: Readonly<Record<JarTool, readonly string[]>> = {
  maven: ['pom.xml'],
  gradle: ['build.gradle', 'build.gradle.kts', 'settings.gradle', 'settings.gradle.kts'],
};

/** The tools whose build files are in a folder. Maven comes first, because most projects with both use it to build. */
export function toolsIn(folder: string): readonly JarTool[] {
  return (['maven', 'gradle'] as const).filter((tool) =>
    buildFiles[tool].some((name) => existsSync(join(folder, name))),
  );
}

/**
 * The tool of a service: what `jar.tool` says, or the one whose build file is in its path. Fails with CONFIG_INVALID.
 */
export function jarToolOf({ name, path, jar }: ServiceConfig): Outcome<JarTool> {
  const asked = jar?.tool ?? 'auto';
  if (asked !== 'auto') return ok(asked);
  const [found] = toolsIn(path);
  if (found !== undefined) return ok(found);
  return failed('CONFIG_INVALID', `${name}: there is neither a pom.xml nor a build.gradle in ${path}`, {
    hint: `set services.${name}.path to the folder with the build file, or set jar.tool`,
  });
}

/** Messages about services that have build files of both tools and no `jar.tool`. */
export function undecided(services: readonly ServiceConfig[]): readonly string[] {
  return services.flatMap(({ name, path, jar }) => {
    const [taken, other] = jar?.tool === 'auto' ? toolsIn(path) : [];
    return taken === undefined || other === undefined
      ? []
      : [`${name} has build files of ${titles[taken]} and ${titles[other]}: appdev uses ${titles[taken]}`];
  });
}

/** The tools' names in messages. */
const titles: Readonly<Record<JarTool, string>> = { maven: 'Maven', gradle: 'Gradle' };

/** The builder that passes each service to its tool's builder. */
export function createJarBuilder(builders: Readonly<Record<JarTool, JarBuilder>>): JarBuilder {
  /** The builder of a request's services. If there is none, the stage `compile` has failed. */
  function builderFor({ services }: CompileRequest, { report }: WorkContext): Outcome<JarBuilder> {
    const [first] = services;
    const tool = first === undefined ? ok<JarTool>('maven') : jarToolOf(first);
    if (tool.kind === 'ok') return ok(builders[tool.value]);
    report.started('compile');
    report.finished('compile', tool.kind);
    return tool;
  }

  return {
    async reactorOf(service) {
      const tool = jarToolOf(service);
      if (tool.kind !== 'ok') return tool;
      const folder = await builders[tool.value].reactorOf(service);
      // One folder may hold both a Maven reactor and a Gradle build.
      return folder.kind === 'ok' ? ok(`${tool.value} ${folder.value}`) : folder;
    },
    async inputsOf(service) {
      const tool = jarToolOf(service);
      return tool.kind === 'ok' ? await builders[tool.value].inputsOf(service) : tool;
    },
    async compile(request, context) {
      const builder = builderFor(request, context);
      return builder.kind === 'ok' ? await builder.value.compile(request, context) : builder;
    },
    async package(request, context) {
      const builder = builderFor(request, context);
      return builder.kind === 'ok' ? await builder.value.package(request, context) : builder;
    },
  };
}
