/**
 * The build as Maven itself sees it. Pom files alone do not say everything: a parent may come from a repository, a
 * profile may be active or not, a value may be set on the command line. Pure.
 */
import { isAbsolute, relative } from 'node:path';
import { fieldAt, stringAt } from '../../../../support/fields.ts';
import { parsePom, type Coordinates, type Pom } from './pom.ts';
import { hasProperty, lineageOf, upstreamOf, type Module, type Reactor } from './reactor.ts';

/** The effective models of a build's modules, as XML, by absolute path of the pom file. */
export type EffectiveModels = ReadonlyMap<string, string>;

/** Reads what the listener in Maven writes. Undefined if it is something else. */
export function parseModels(value: unknown): EffectiveModels | undefined {
  const projects = fieldAt(value, 'projects');
  if (!Array.isArray(projects)) return undefined;
  const models = new Map<string, string>();
  for (const project of projects) {
    const pom = stringAt(project, 'pom');
    const model = stringAt(project, 'model');
    if (pom === undefined || model === undefined) return undefined;
    models.set(pom, model);
  }
  return models;
}

/**
 * True if the pom files alone say what a module is made from: everything that it inherits lies beside it, or comes from
 * Spring Boot's own parent, which names no other files; and nothing depends on a profile or a property.
 */
export function saysEverything(reactor: Reactor, module: Module): boolean {
  return upstreamOf(reactor, module).every((each) => {
    const lineage = lineageOf(each);
    const { parent } = lineage.at(-1)?.pom ?? {};
    const isWhole =
      parent === undefined ||
      (parent.groupId === 'org.springframework.boot' && parent.artifactId === 'spring-boot-starter-parent');
    return isWhole && lineage.every(({ pom }) => pom.profiles.size === 0 && !hasUnknown(pom, each, reactor));
  });
}

/** True if a path in the pom has a value that may be another one than the poms say. */
function hasUnknown({ names, outputFolder, classesFolder }: Pom, module: Module, reactor: Reactor): boolean {
  const others = names.others.filter((text) => /[/\\]/.test(text));
  const folders = [...names.sources.map(({ folder }) => folder), outputFolder ?? '', classesFolder ?? ''];
  return [...folders, ...others].some((text) => hasProperty(text, module, reactor));
}

/**
 * The reactor with what Maven says of its modules. What only the files say is kept: where the poms lie that a module
 * inherits from or imports, and what profiles name that are not active now.
 */
export function withModels(reactor: Reactor, models: EffectiveModels): Reactor {
  const modules = [...reactor.modules].map(([file, module]): [string, Module] => {
    const model = models.get(file);
    const effective = model === undefined ? undefined : parsePom(model);
    return [
      file,
      effective === undefined
        ? module
        : { ...module, pom: merge(module, effective, reactor.top), isEffective: true },
    ];
  });
  return { ...reactor, modules: new Map(modules) };
}

function merge(module: Module, effective: Pom, top: string): Pom {
  const written = lineageOf(module).map(({ pom }) => pom.names);
  return {
    ...effective,
    ...(module.pom.parent === undefined ? {} : { parent: module.pom.parent }),
    modules: module.pom.modules,
    profiles: module.pom.profiles,
    needs: unique([...module.pom.needs, ...effective.needs]),
    properties: new Map([...module.pom.properties, ...effective.properties]),
    usesTestJar: module.pom.usesTestJar || effective.usesTestJar,
    names: {
      sources: [...effective.names.sources, ...written.flatMap(({ sources }) => sources)],
      others: [
        ...effective.names.others.filter((text) => !isAbsolute(text)),
        ...effective.names.others.flatMap((text) => belowBuild(text, module, top)),
        ...written.flatMap(({ others }) => others),
      ],
    },
  };
}

/**
 * Maven writes `${project.basedir}/../api` as an absolute path with the dots still in it. Any other absolute path is a
 * program or a folder of this machine.
 */
function belowBuild(text: string, { folder }: Module, top: string): string[] {
  return [folder, top].some((start) => text.startsWith(`${start}/`)) ? [relative(folder, text)] : [];
}

function unique(needs: readonly Coordinates[]): Coordinates[] {
  return [...new Map(needs.map((need) => [`${need.groupId}:${need.artifactId}`, need])).values()];
}
