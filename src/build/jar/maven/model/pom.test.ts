import { describe, expect, it } from 'vitest';
import { parsePom } from './pom.ts';

describe('parsePom', () => {
  it('reads what decides modules and inputs', () => {
    expect(
      parsePom(`<project>
        <parent><groupId>com.example</groupId><artifactId>parent</artifactId><version>1</version></parent>
        <artifactId>app</artifactId>
        <packaging>war</packaging>
        <properties><a.b>c</a.b></properties>
        <modules><module>one</module><!-- <module>no</module> --><module>two/pom-2.xml</module></modules>
        <dependencies>
          <dependency><groupId>\${project.groupId}</groupId><artifactId>common</artifactId></dependency>
          <dependency><groupId>g</groupId><artifactId>t</artifactId><type>test-jar</type></dependency>
          <dependency><groupId>g</groupId><artifactId>tests</artifactId><scope>test</scope></dependency>
          <dependency><groupId>g</groupId><artifactId>other</artifactId><classifier>other</classifier></dependency>
          <dependency><groupId>g</groupId><artifactId>driver</artifactId><scope>runtime</scope></dependency>
        </dependencies>
        <dependencyManagement><dependencies>
          <dependency><groupId>g</groupId><artifactId>managed</artifactId></dependency>
          <dependency><groupId>g</groupId><artifactId>bom</artifactId><type>pom</type><scope>import</scope></dependency>
        </dependencies></dependencyManagement>
        <build>
          <directory>out</directory>
          <sourceDirectory>java</sourceDirectory>
          <plugins><plugin>
            <artifactId>generator</artifactId>
            <configuration><inputSpec>\${project.basedir}/api.yaml</inputSpec><pattern>**/*.java</pattern></configuration>
            <dependencies><dependency><groupId>g</groupId><artifactId>rules</artifactId></dependency></dependencies>
          </plugin></plugins>
          <pluginManagement><plugins><plugin><groupId>g</groupId><artifactId>managed-plugin</artifactId></plugin></plugins></pluginManagement>
        </build>
        <profiles><profile><id>x</id><modules><module>three</module></modules></profile></profiles>
      </project>`),
    ).toEqual({
      artifactId: 'app',
      packaging: 'war',
      parent: { groupId: 'com.example', artifactId: 'parent', relativePath: '../pom.xml' },
      modules: ['one', 'two/pom-2.xml', 'three'],
      needs: [
        { groupId: '${project.groupId}', artifactId: 'common' },
        { groupId: 'g', artifactId: 't' },
        { groupId: 'g', artifactId: 'tests' },
        { groupId: 'g', artifactId: 'other' },
        { groupId: 'g', artifactId: 'driver' },
        { groupId: 'g', artifactId: 'bom' },
        { groupId: 'org.apache.maven.plugins', artifactId: 'generator' },
        { groupId: 'g', artifactId: 'rules' },
      ],
      runtime: [
        { groupId: '${project.groupId}', artifactId: 'common' },
        { groupId: 'g', artifactId: 'driver' },
      ],
      profiles: new Map([['x', ['three']]]),
      properties: new Map([['a.b', 'c']]),
      outputFolder: 'out',
      names: {
        sources: [{ folder: 'java', includes: [] }],
        others: expect.arrayContaining(['${project.basedir}/api.yaml']) as unknown,
      },
      usesTestJar: true,
    });
  });

  it('tells what is compiled or packed from what is read otherwise, and from what is written', () => {
    const pom = parsePom(`<project><artifactId>a</artifactId><build>
      <testSourceDirectory>test</testSourceDirectory>
      <resources><resource>
        <directory>\${basedir}/..</directory><targetPath>META-INF</targetPath><filtering>true</filtering>
        <includes><include>LICENSE</include><include>legal/**</include></includes>
      </resource></resources>
      <plugins>
        <plugin><artifactId>x</artifactId><configuration><sources><source>gen</source></sources><source>17</source></configuration></plugin>
        <plugin><artifactId>y</artifactId><configuration>
          <workingDirectory>../front</workingDirectory><outputDirectory>../dist</outputDirectory><destFile>x.exec</destFile>
          <protoSourceRoot>../proto</protoSourceRoot><generatedSourceDirectory>made</generatedSourceDirectory>
        </configuration></plugin>
      </plugins></build></project>`);
    expect(pom?.names).toEqual({
      sources: [
        { folder: 'test', includes: [] },
        { folder: '${basedir}/..', includes: ['LICENSE', 'legal/**'] },
        { folder: 'gen', includes: [] },
        { folder: '../proto', includes: [] },
      ],
      others: ['x', '17', 'y', '../front'],
    });
  });

  it('knows a parent that is switched off, and Maven 4’s subprojects', () => {
    const pom = parsePom(
      '<project><parent><groupId>g</groupId><artifactId>p</artifactId><relativePath/></parent><artifactId>a</artifactId><subprojects><subproject>s</subproject></subprojects></project>',
    );
    expect(pom?.parent?.relativePath).toBe('');
    expect(pom?.modules).toEqual(['s']);
    expect(pom?.usesTestJar).toBe(false);
  });

  it.each(['', '<settings/>', '<project/>', 'no xml'])('finds no project in %j', (text) => {
    expect(parsePom(text)).toBeUndefined();
  });
});
