/** A jar as spring-boot-maven-plugin makes it, with so much content as a test of images needs. */
import { writeFileSync } from 'node:fs';
import { sha256Of } from '../../src/build/jar/boot-jar.ts';
import { jarBytes } from '../../src/build/jar/archive/jar-writer.ts';
import type { Jar } from '../../src/build/types.ts';

/** Writes it to `path`: `text` goes into the application's layer, `library` into that of the dependencies. */
export async function writeBootJar(path: string, text: string, library = 'a library'): Promise<Jar> {
  const files = {
    'META-INF/MANIFEST.MF': [
      'Manifest-Version: 1.0',
      'Main-Class: org.springframework.boot.loader.launch.JarLauncher',
      'Start-Class: com.example.App',
      'Spring-Boot-Version: 4.0.3',
      'Spring-Boot-Classes: BOOT-INF/classes/',
      'Spring-Boot-Lib: BOOT-INF/lib/',
      '',
      '',
    ].join('\r\n'),
    'BOOT-INF/classes/application.properties': text,
    'BOOT-INF/lib/lib-1.0.jar': library,
    'BOOT-INF/classpath.idx': '- "BOOT-INF/lib/lib-1.0.jar"\n',
    'BOOT-INF/layers.idx':
      '- "dependencies":\n  - "BOOT-INF/lib/"\n- "spring-boot-loader":\n  - "org/"\n- "application":\n  - "BOOT-INF/classes/"\n  - "META-INF/"\n',
    'org/springframework/boot/loader/launch/JarLauncher.class': 'the loader',
  };
  writeFileSync(
    path,
    jarBytes(new Map(Object.entries(files).map(([entry, content]) => [entry, Buffer.from(content)]))),
  );
  return { service: 'any', path, built: path, sha256: await sha256Of(path) };
}
