import { describe, expect, it } from 'vitest';
import { decidesBuild, decidesDeploy } from '../core/role.ts';
import { classify, isWithin, type Root } from './classify.ts';

const roots: readonly Root[] = [
  { path: '/p/appdev.yaml', kind: 'config' },
  { path: '/p', kind: 'context' },
  { path: '/p/pom.xml', kind: 'jar' },
  { path: '/p/src', kind: 'jar' },
  { path: '/p/Containerfile', kind: 'containerfile' },
  { path: '/p/deploy/chart', kind: 'chart' },
  { path: '/p/deploy/values-dev.yaml', kind: 'values' },
  { path: '/p/deploy/base/kustomization.yaml', kind: 'overlay' },
  { path: '/p/k8s', kind: 'manifest' },
];

describe('classify', () => {
  it.each([
    ['/p/src/main/java/com/example/App.java', 'source'],
    ['/p/src/main/kotlin/App.kt', 'source'],
    ['/p/src/main/resources/application.yml', 'resource'],
    ['/p/src/main/webapp/index.html', 'resource'],
    ['/p/src/test/java/AppTest.java', 'test'],
    ['/p/src/test/resources/data.sql', 'test'],
    ['/p/src/it/java/AppIT.java', 'test'],
    ['/p/pom.xml', 'build-file'],
    ['/p/Containerfile', 'containerfile'],
    ['/p/deploy/chart/templates/deployment.yaml', 'chart'],
    ['/p/deploy/values-dev.yaml', 'values'],
    ['/p/deploy/base/kustomization.yaml', 'overlay'],
    ['/p/k8s/service.yaml', 'manifest'],
    ['/p/appdev.yaml', 'config'],
    ['/p/README.md', 'context'],
    ['/elsewhere/App.java', undefined],
    ['/pp/App.java', undefined],
  ])('%s is %s', (path, role) => {
    expect(classify(path, roots, '/p')).toBe(role);
  });

  it('does not take packages called src or test for tests: that would lose changes', () => {
    expect(classify('/p/src/main/java/com/src/test/App.java', roots, '/p')).toBe('source');
    const narrow: readonly Root[] = [{ path: '/p/src/main/java', kind: 'jar' }];
    expect(classify('/p/src/main/java/src/test/App.java', narrow, '/p')).toBe('source');
  });

  it('does not care how the folders above the project are called', () => {
    const base = '/home/me/src/test/app';
    const root: readonly Root[] = [{ path: base, kind: 'jar' }];
    expect(classify(`${base}/src/main/java/App.java`, root, base)).toBe('source');
    expect(classify(`${base}/src/test/java/AppTest.java`, root, base)).toBe('test');
    expect(
      classify(
        '/home/me/src/test/lib/src/test/java/T.java',
        [{ path: '/home/me/src/test/lib', kind: 'jar' }],
        base,
      ),
    ).toBe('test');
  });

  it('knows tests by a root of their own, and in nested modules', () => {
    expect(classify('/p/src/test/java/A.java', [{ path: '/p/src/test/java', kind: 'jar' }], '/p')).toBe(
      'test',
    );
    expect(
      classify('/p/src/backend/src/test/java/A.java', [{ path: '/p/src/backend', kind: 'jar' }], '/p'),
    ).toBe('test');
  });

  it.each([
    'pom.xml',
    'mvnw',
    '.mvn/maven.config',
    'build.gradle.kts',
    'settings.gradle',
    'gradle.properties',
    'gradle/libs.versions.toml',
    'gradle/java.gradle',
    'gradle/wrapper/gradle-wrapper.properties',
    'buildSrc/src/main/java/Plugin.java',
  ])('knows the build file %s', (name) => {
    expect(classify(`/p/m/${name}`, [{ path: '/p/m', kind: 'jar' }], '/p')).toBe('build-file');
  });

  it('takes sources inside of a chart’s folder for sources', () => {
    const chartAbove: readonly Root[] = [
      { path: '/p', kind: 'chart' },
      { path: '/p/src', kind: 'jar' },
    ];
    expect(classify('/p/src/main/java/App.java', chartAbove, '/p')).toBe('source');
    expect(classify('/p/templates/x.yaml', chartAbove, '/p')).toBe('chart');
  });
});

describe('roles', () => {
  it('decide the build or the deploy, never both', () => {
    const roles = ['source', 'resource', 'test', 'build-file', 'containerfile', 'context'] as const;
    expect(roles.map(decidesBuild)).toEqual([true, true, false, true, true, true]);
    expect(roles.map(decidesDeploy)).toEqual([false, false, false, false, false, false]);
    for (const role of ['chart', 'values', 'overlay', 'manifest'] as const) {
      expect([decidesBuild(role), decidesDeploy(role)]).toEqual([false, true]);
    }
    expect([decidesBuild('config'), decidesDeploy('config')]).toEqual([false, false]);
  });
});

describe('isWithin', () => {
  it('compares whole names', () => {
    expect(isWithin('/a/b', '/a/b')).toBe(true);
    expect(isWithin('/a/b/c', '/a/b')).toBe(true);
    expect(isWithin('/a/bc', '/a/b')).toBe(false);
    expect(isWithin('/a', '/')).toBe(true);
  });
});
