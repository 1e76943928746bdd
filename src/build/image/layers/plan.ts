/**
 * Divides an executable jar into the layers of an image, by the jar's own index. Pure: decides from the list of entries
 * which file goes into which layer.
 *
 * The result is what Boot's own `jarmode=tools extract --layers` makes: libraries beside a plain application.jar, whose
 * manifest names them in the order of the class path index. Such a jar starts without Boot's loader, which took a tenth
 * of the start's CPU time, and keeps what the manifest says (Implementation-Version). A jar that starts with a class
 * other than JarLauncher (PropertiesLauncher) needs the loader and is laid out as it is.
 */
import { parseManifest } from '../../jar/archive/manifest.ts';
import type { ZipEntry } from '../../jar/archive/zip.ts';

/** What the plan is made from. */
export interface JarContents {
  readonly entries: readonly ZipEntry[];
  readonly manifest: string;
  /** BOOT-INF/layers.idx; absent in jars built without layers. */
  readonly layersIndex?: string | undefined;
  /** BOOT-INF/classpath.idx. */
  readonly classpathIndex?: string | undefined;
}

/** One layer: its files, by path below the application's folder. */
export interface LayerPlan {
  readonly name: string;
  readonly files: ReadonlyMap<string, ZipEntry>;
  /** The application.jar, in the layer that contains it. */
  readonly application?: {
    readonly manifest: ReadonlyMap<string, string>;
    readonly files: ReadonlyMap<string, ZipEntry>;
  };
}

/** The whole image, lowest layer first, without empty layers. */
export interface ImagePlan {
  readonly layers: readonly LayerPlan[];
  readonly entrypoint: readonly string[];
}

/** Where the application lies in the image. */
export const appFolder = '/app';

const applicationJar = 'application.jar';
const loader = 'org/springframework/boot/loader/';
/** This service is provided by the loader's own classes, which are gone. */
const loaderService = 'META-INF/services/java.nio.file.spi.FileSystemProvider';

/** Returns the plan for a jar. */
export function planLayers(jar: JarContents): ImagePlan {
  const manifest = parseManifest(jar.manifest);
  const files = jar.entries.filter(({ name }) => !name.endsWith('/'));
  const layerOf = layerRule(jar.layersIndex, manifest);
  const mainClass = manifest.get('Main-Class') ?? '';
  return /\.JarLauncher$/.test(mainClass)
    ? extracted(jar, files, manifest, layerOf)
    : exploded(files, mainClass, layerOf);
}

/** Which layer an entry belongs to, and the names of the layers from the bottom up. */
interface LayerRule {
  readonly names: readonly string[];
  of(entry: string): string;
}

/**
 * The rule by the index, whose lines are `- "layer":` and, below it, `  - "path"` (a prefix if it ends with a slash).
 * Without an index: one layer each for snapshots, other libraries and the loader, and everything else on top.
 */
function layerRule(index: string | undefined, manifest: ReadonlyMap<string, string>): LayerRule {
  if (index === undefined) {
    const lib = manifest.get('Spring-Boot-Lib') ?? 'BOOT-INF/lib/';
    return {
      names: ['dependencies', 'spring-boot-loader', 'snapshot-dependencies', 'application'],
      of: (entry) => {
        if (entry.startsWith(loader)) return 'spring-boot-loader';
        if (!entry.startsWith(lib)) return 'application';
        return /-SNAPSHOT\.jar$/.test(entry) ? 'snapshot-dependencies' : 'dependencies';
      },
    };
  }
  const paths: { readonly layer: string; readonly path: string }[] = [];
  const names: string[] = [];
  for (const line of index.split(/\r?\n/)) {
    const [, indent, text] = /^(\s*)- "([^"]*)":?$/.exec(line) ?? [];
    if (text === undefined) continue;
    if (indent === '') names.push(text);
    else paths.push({ layer: names.at(-1) ?? '', path: text });
  }
  const last = names.at(-1) ?? 'application';
  return {
    names: names.length === 0 ? [last] : names,
    of: (entry) =>
      paths.find(({ path }) => (path.endsWith('/') ? entry.startsWith(path) : entry === path))?.layer ?? last,
  };
}

function extracted(
  jar: JarContents,
  files: readonly ZipEntry[],
  manifest: ReadonlyMap<string, string>,
  layers: LayerRule,
): ImagePlan {
  const classes = manifest.get('Spring-Boot-Classes') ?? 'BOOT-INF/classes/';
  const lib = manifest.get('Spring-Boot-Lib') ?? 'BOOT-INF/lib/';
  const libraries = new Map<string, Map<string, ZipEntry>>();
  const application = new Map<string, ZipEntry>();
  for (const entry of files) {
    const { name } = entry;
    if (name.startsWith(lib)) {
      const layer = layers.of(name);
      libraries.set(
        layer,
        (libraries.get(layer) ?? new Map<string, ZipEntry>()).set(`lib/${name.slice(lib.length)}`, entry),
      );
    } else if (name.startsWith(classes)) application.set(name.slice(classes.length), entry);
    else if (!isOfTheLoader(name)) application.set(name, entry);
  }
  const paths = [...libraries.values()].flatMap((some) => [...some.keys()]);
  const top = layers.of(classes);
  return {
    layers: layers.names.flatMap((name): LayerPlan[] => {
      const own = libraries.get(name) ?? new Map<string, ZipEntry>();
      if (name === top) {
        return [
          {
            name,
            files: own,
            application: {
              manifest: applicationManifest(manifest, paths, jar.classpathIndex, lib),
              files: application,
            },
          },
        ];
      }
      return own.size === 0 ? [] : [{ name, files: own }];
    }),
    entrypoint: ['java', '-jar', `${appFolder}/${applicationJar}`],
  };
}

/**
 * True for entries outside of classes and libraries that serve the loader, or that a changed jar makes invalid
 * (signatures).
 */
function isOfTheLoader(name: string): boolean {
  return (
    name.startsWith(loader) ||
    name === loaderService ||
    name === 'META-INF/MANIFEST.MF' ||
    /^BOOT-INF\/[^/]+\.idx$/.test(name) ||
    /^META-INF\/[^/]+\.(SF|RSA|DSA|EC)$/.test(name)
  );
}

/** The jar's own manifest, with its start class as the main class and the libraries in the order of the index. */
function applicationManifest(
  manifest: ReadonlyMap<string, string>,
  paths: readonly string[],
  index: string | undefined,
  lib: string,
): ReadonlyMap<string, string> {
  const indexed = [...(index ?? '').matchAll(/^- "(.*)"$/gm)].map(
    ([, path]) => `lib/${path?.replace(lib, '')}`,
  );
  const ordered = [
    ...indexed.filter((path) => paths.includes(path)),
    ...paths.filter((path) => !indexed.includes(path)),
  ];
  const kept = [...manifest].filter(
    ([name]) => !/^(Manifest-Version|Main-Class|Start-Class|Class-Path|Spring-Boot-.*)$/.test(name),
  );
  return new Map([
    ['Manifest-Version', '1.0'],
    ['Main-Class', manifest.get('Start-Class') ?? ''],
    // Class-Path contains URLs, so a space would end one.
    ['Class-Path', ordered.map((path) => path.split('/').map(encodeURIComponent).join('/')).join(' ')],
    ...kept,
  ]);
}

function exploded(files: readonly ZipEntry[], mainClass: string, layers: LayerRule): ImagePlan {
  const byLayer = new Map<string, Map<string, ZipEntry>>();
  for (const entry of files) {
    const layer = layers.of(entry.name);
    byLayer.set(layer, (byLayer.get(layer) ?? new Map<string, ZipEntry>()).set(entry.name, entry));
  }
  return {
    layers: layers.names.flatMap((name) => {
      const own = byLayer.get(name);
      return own === undefined ? [] : [{ name, files: own }];
    }),
    entrypoint: ['java', '-cp', appFolder, mainClass],
  };
}
