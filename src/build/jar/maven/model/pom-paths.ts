/**
 * The texts in a pom's `<build>` that may name something to read. Pure. Judged by element names, including those of
 * plugins; which plugin reads what is not known here.
 */
import { child, children, textOf, type XmlElement } from './xml.ts';

/** A folder that is compiled or packed. All texts are as written. */
export interface SourceFolder {
  readonly folder: string;
  /** Patterns of what is used from it; empty for everything. */
  readonly includes: readonly string[];
}

/** The paths that are named. */
export interface NamedPaths {
  /** Source roots and folders of resources. */
  readonly sources: readonly SourceFolder[];
  /** Anything else that may be a file or a folder, as written. */
  readonly others: readonly string[];
}

/** Collects the paths from `<build>` elements. */
export function namedPaths(builds: readonly XmlElement[]): NamedPaths {
  const found = { sources: [] as SourceFolder[], others: [] as string[] };
  for (const build of builds) collect(build, '', found);
  return found;
}

function collect(
  element: XmlElement,
  parent: string,
  found: { readonly sources: SourceFolder[]; readonly others: string[] },
): void {
  const { name, text } = element;
  const directory = textOf(element, 'directory');
  if (/^(?:resource|\w+Resource)$/.test(name) && directory !== undefined) {
    const includes = children(child(element, 'includes'), 'include').map((include) => include.text);
    found.sources.push({ folder: directory, includes });
  } else if (element.children.length > 0) {
    for (const each of element.children) collect(each, name, found);
  } else if (text !== '' && !/[\n*<>|]/.test(text) && !isWritten(name)) {
    if (isSource(name, parent)) found.sources.push({ folder: text, includes: [] });
    else found.others.push(text);
  }
}

/**
 * True for `testSourceDirectory`, `protoSourceRoot`, and for `<sources><source>` of the plugin that adds source roots.
 */
function isSource(name: string, parent: string): boolean {
  return (
    /^(?:source|\w+Source)(?:Directory|Dir|Root)$/.test(name) || (name === 'source' && parent === 'sources')
  );
}

/** True for a path that a plugin writes to. As an input, it would make every build out of date at its own end. */
function isWritten(name: string): boolean {
  return /^(?:output|target|dest|generated|report|install|cache)|Output|Target|Dest|Generated|Report/.test(
    name,
  );
}
