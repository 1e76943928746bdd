/**
 * A small Spring Boot project that is not the fixture: a Maven build of several modules, written into a temporary folder. `common`
 * is a library; `app` and `kiosk` are executable jars that use it.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServiceConfig } from '../../src/config/model.ts';

/** Version of Spring Boot that the fixture uses too, so that its artifacts are in the local repository. */
const bootVersion = '4.0.3';

/** A project on disk. */
export interface BootProject {
  readonly root: string;
  /** Writes a file below the root. */
  write(path: string, content: string): void;
  remove(path: string): void;
  /** The service that `app` is, or another module. */
  service(name?: string, jar?: ServiceConfig['jar'], module?: string): ServiceConfig;
}

/** Writes the project. */
export function writeBootProject(root: string): BootProject {
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  for (const [path, content] of Object.entries(files)) write(path, content);
  return {
    root,
    write,
    remove: (path) => {
      rmSync(join(root, path), { recursive: true, force: true });
    },
    service: (name = 'till', jar = { tool: 'maven', args: [], tests: 'skip' }, module = 'app') => ({
      name,
      path: join(root, module),
      jar,
      image: { repository: name, builder: 'buildah', source: { kind: 'layers', base: 'localhost/unused' } },
      deploy: { kind: 'manifests', files: [], deadlineMs: 1000, restartsAllowed: 0 },
      dev: { trigger: 'auto', forward: [] },
      needs: [],
    }),
  };
}

/** A pom.xml with the given parent and content. */
export function pom(artifactId: string, parent: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent>${parent}</parent>
  <artifactId>${artifactId}</artifactId>
  ${content}
</project>
`;
}

const bootParent = `
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>${bootVersion}</version>
    <relativePath/>
  `;
const ownParent = `
    <groupId>com.example.till</groupId>
    <artifactId>till-parent</artifactId>
    <version>2.1</version>
  `;
const bootStarter = `<dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter</artifactId>
    </dependency>`;
const bootPlugin = `<build>
    <plugins>
      <plugin>
        <groupId>org.springframework.boot</groupId>
        <artifactId>spring-boot-maven-plugin</artifactId>
      </plugin>
    </plugins>
  </build>`;

const files: Readonly<Record<string, string>> = {
  'pom.xml': pom(
    'till-parent',
    bootParent,
    `<groupId>com.example.till</groupId>
  <version>2.1</version>
  <packaging>pom</packaging>
  <modules>
    <module>common</module>
    <module>app</module>
    <module>kiosk</module>
  </modules>
  <properties>
    <java.version>17</java.version>
    <project.build.outputTimestamp>2026-01-01T00:00:00Z</project.build.outputTimestamp>
  </properties>`,
  ),
  'common/pom.xml': pom('till-common', ownParent, ''),
  'common/src/main/java/com/example/till/common/Rounding.java': `package com.example.till.common;

/** Rounds amounts in cents to five. */
public final class Rounding {

    private Rounding() {
    }

    public static long toFive(long cents) {
        return Math.round(cents / 5.0) * 5;
    }
}
`,
  'app/pom.xml': pom(
    'till-app',
    ownParent,
    `<dependencies>
    <dependency>
      <groupId>\${project.groupId}</groupId>
      <artifactId>till-common</artifactId>
      <version>\${project.version}</version>
    </dependency>
    ${bootStarter}
    <dependency>
      <groupId>org.springframework.boot</groupId>
      <artifactId>spring-boot-starter-test</artifactId>
      <scope>test</scope>
    </dependency>
  </dependencies>
  ${bootPlugin}`,
  ),
  'kiosk/pom.xml': pom(
    'till-kiosk',
    ownParent,
    `<dependencies>
    ${bootStarter}
  </dependencies>
  ${bootPlugin}`,
  ),
  'kiosk/src/main/java/com/example/kiosk/KioskApplication.java': `package com.example.kiosk;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class KioskApplication {

    public static void main(String[] args) {
        SpringApplication.run(KioskApplication.class, args);
    }
}
`,
  'app/src/main/resources/application.properties': 'till.currency=CHF\n',
  'app/src/main/java/com/example/till/TillApplication.java': `package com.example.till;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class TillApplication {

    public static void main(String[] args) {
        SpringApplication.run(TillApplication.class, args);
        System.out.println("The till says " + new Receipt().total(1003) + " " + TillApplication.class.getPackage().getImplementationVersion());
    }
}
`,
  'app/src/main/java/com/example/till/Receipt.java': `package com.example.till;

import com.example.till.common.Rounding;

public class Receipt {

    public String total(long cents) {
        return "total " + Rounding.toFive(cents);
    }
}
`,
  'app/src/test/java/com/example/till/ReceiptTest.java': `package com.example.till;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ReceiptTest {

    @Test
    void roundsToFive() {
        assertEquals("total 1005", new Receipt().total(1003));
    }
}
`,
};
