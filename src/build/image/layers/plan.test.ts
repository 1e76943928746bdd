import { describe, expect, it } from 'vitest';
import { planLayers, type ImagePlan, type JarContents } from './plan.ts';
import type { ZipEntry } from '../../jar/archive/zip.ts';

const entry = (name: string): ZipEntry => ({
  name,
  size: 1,
  crc: 0,
  compressedSize: 1,
  method: 0,
  offset: 0,
});

const manifest = (main = 'org.springframework.boot.loader.launch.JarLauncher'): string =>
  [
    'Manifest-Version: 1.0',
    'Created-By: Maven',
    'Implementation-Version: 1.0.0',
    `Main-Class: ${main}`,
    'Start-Class: com.example.App',
    'Spring-Boot-Version: 4.0.3',
    'Spring-Boot-Classes: BOOT-INF/classes/',
    'Spring-Boot-Lib: BOOT-INF/lib/',
    '',
    '',
  ].join('\r\n');

/** As spring-boot-maven-plugin 4.0 writes it. */
const layersIndex = `- "dependencies":
  - "BOOT-INF/lib/a-1.jar"
  - "BOOT-INF/lib/z 1.jar"
- "spring-boot-loader":
  - "org/"
- "snapshot-dependencies":
  - "BOOT-INF/lib/s-1-SNAPSHOT.jar"
- "application":
  - "BOOT-INF/classes/"
  - "BOOT-INF/classpath.idx"
  - "BOOT-INF/layers.idx"
  - "BOOT-INF/lib/common-1.jar"
  - "META-INF/"
`;
const classpathIndex = `- "BOOT-INF/lib/z 1.jar"
- "BOOT-INF/lib/a-1.jar"
- "BOOT-INF/lib/s-1-SNAPSHOT.jar"
- "BOOT-INF/lib/common-1.jar"
`;

const jar: JarContents = {
  entries: [
    'META-INF/',
    'META-INF/MANIFEST.MF',
    'META-INF/services/java.nio.file.spi.FileSystemProvider',
    'META-INF/maven/g/a/pom.properties',
    'org/springframework/boot/loader/launch/JarLauncher.class',
    'BOOT-INF/classes/',
    'BOOT-INF/classes/com/example/App.class',
    'BOOT-INF/classes/META-INF/build-info.properties',
    'BOOT-INF/lib/a-1.jar',
    'BOOT-INF/lib/common-1.jar',
    'BOOT-INF/lib/s-1-SNAPSHOT.jar',
    'BOOT-INF/lib/z 1.jar',
    'BOOT-INF/classpath.idx',
    'BOOT-INF/layers.idx',
  ].map(entry),
  manifest: manifest(),
  layersIndex,
  classpathIndex,
};

const shape = ({ layers, entrypoint }: ImagePlan) => ({
  entrypoint,
  layers: layers.map(({ name, files, application }) => ({
    name,
    files: [...files.keys()],
    ...(application === undefined ? {} : { application: [...application.files.keys()] }),
  })),
});

describe('planLayers', () => {
  it('cuts along the index, into libraries and one application.jar', () => {
    expect(shape(planLayers(jar))).toEqual({
      entrypoint: ['java', '-jar', '/app/application.jar'],
      layers: [
        { name: 'dependencies', files: ['lib/a-1.jar', 'lib/z 1.jar'] },
        { name: 'snapshot-dependencies', files: ['lib/s-1-SNAPSHOT.jar'] },
        {
          name: 'application',
          files: ['lib/common-1.jar'],
          application: [
            'META-INF/maven/g/a/pom.properties',
            'com/example/App.class',
            'META-INF/build-info.properties',
          ],
        },
      ],
    });
  });

  it('starts the start class, with the libraries in the order of the class path index, and keeps the rest', () => {
    const application = planLayers(jar).layers.at(-1)?.application;
    expect(application && [...application.manifest]).toEqual([
      ['Manifest-Version', '1.0'],
      ['Main-Class', 'com.example.App'],
      ['Class-Path', 'lib/z%201.jar lib/a-1.jar lib/s-1-SNAPSHOT.jar lib/common-1.jar'],
      ['Created-By', 'Maven'],
      ['Implementation-Version', '1.0.0'],
    ]);
  });

  it('splits a jar without an index by a rule of its own', () => {
    const { layers } = shape(planLayers({ ...jar, layersIndex: undefined, classpathIndex: undefined }));
    expect(layers.map(({ name, files }) => [name, files])).toEqual([
      ['dependencies', ['lib/a-1.jar', 'lib/common-1.jar', 'lib/z 1.jar']],
      ['snapshot-dependencies', ['lib/s-1-SNAPSHOT.jar']],
      ['application', []],
    ]);
  });

  it('follows layers of the user’s own making', () => {
    const index =
      '- "third party":\n  - "BOOT-INF/lib/"\n- "code":\n  - "BOOT-INF/classes/"\n- "rest":\n  - "META-INF/"\n  - "org/"\n';
    const { layers } = shape(planLayers({ ...jar, layersIndex: index }));
    expect(layers.map(({ name }) => name)).toEqual(['third party', 'code']);
  });

  it('puts what no layer names on top', () => {
    const index =
      '- "dependencies":\n  - "BOOT-INF/lib/a-1.jar"\n- "application":\n  - "BOOT-INF/classes/"\n';
    const { layers } = shape(planLayers({ ...jar, layersIndex: index }));
    expect(layers.at(-1)?.files).toEqual(['lib/common-1.jar', 'lib/s-1-SNAPSHOT.jar', 'lib/z 1.jar']);
  });

  it('reads jars of Spring Boot 2', () => {
    const plan = planLayers({ ...jar, manifest: manifest('org.springframework.boot.loader.JarLauncher') });
    expect(plan.entrypoint).toEqual(['java', '-jar', '/app/application.jar']);
  });

  it('leaves a jar that starts otherwise as it is, with its loader', () => {
    const plan = shape(
      planLayers({ ...jar, manifest: manifest('org.springframework.boot.loader.launch.PropertiesLauncher') }),
    );
    expect(plan.entrypoint).toEqual([
      'java',
      '-cp',
      '/app',
      'org.springframework.boot.loader.launch.PropertiesLauncher',
    ]);
    expect(plan.layers.map(({ name }) => name)).toEqual([
      'dependencies',
      'spring-boot-loader',
      'snapshot-dependencies',
      'application',
    ]);
    expect(plan.layers.flatMap(({ files }) => files).sort()).toEqual(
      jar.entries
        .map(({ name }) => name)
        .filter((name) => !name.endsWith('/'))
        .sort(),
    );
  });
});
