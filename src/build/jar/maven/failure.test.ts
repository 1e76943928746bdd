import { describe, expect, it } from 'vitest';
import {
  expectMessage,
  expectPlaces,
  fakeSourceFiles,
  recordedBuild,
} from '../../../../test/support/recorded-build.ts';
import { isOfflineFailure, mavenFailure } from './failure.ts';

const files = fakeSourceFiles('/home/dev/shop/', 'src/test/java');
const explain = (name: string) => mavenFailure('orders', 1, recordedBuild('maven', name), files);
const controller = 'src/main/java/com/example/orders/web/GreetingController.java';

describe('mavenFailure', () => {
  it('lists compile errors once each, with their details', () => {
    expect(explain('compile-error')).toEqual({
      code: 'SOURCE_BUILD_FAILED',
      message: 'orders: 3 compile errors in GreetingController.java',
      hint: 'fix the first one and save; it may have caused the others',
      diagnostics: [
        {
          severity: 'error',
          message:
            'cannot find symbol; symbol: method missing(int); location: class com.example.orders.web.GreetingController',
          file: controller,
          line: 20,
          column: 16,
          excerpt: 'line 20 of GreetingController.java',
        },
        {
          severity: 'error',
          message: 'incompatible types: java.lang.String cannot be converted to int',
          file: controller,
          line: 25,
          column: 17,
          excerpt: 'line 25 of GreetingController.java',
        },
        {
          severity: 'error',
          message:
            'cannot find symbol; symbol: method nope(); location: variable properties of type com.example.orders.OrdersProperties',
          file: controller,
          line: 25,
          column: 39,
          excerpt: 'line 25 of GreetingController.java',
        },
      ],
    });
  });

  it.each([
    ['syntax-error', 'orders: 1 compile error in GreetingController.java', [[controller, 25, 37]]],
    [
      'test-compile-error',
      'orders: 2 compile errors in PriceServiceTest.java',
      [
        ['src/test/java/com/example/orders/PriceServiceTest.java', 3, 23],
        ['src/test/java/com/example/orders/PriceServiceTest.java', 3, 27],
      ],
    ],
    ['malformed-pom', /^orders: end tag name <\/dependencie> must match/, [['pom.xml', 47, 17]]],
    [
      'no-version',
      /^orders: 'dependencies\.dependency\.version' for com\.example:x:jar is missing/,
      [['pom.xml', 47, 15]],
    ],
    [
      'offline-parent',
      /^orders: Maven cannot get org\.springframework\.boot:spring-boot-starter-parent:pom:99\.0\.0$/,
      [['pom.xml', 7, 11]],
    ],
  ] as const)('finds the places of %s', (name, message, places) => {
    expectPlaces(explain(name), message, places);
  });

  it('says what is wrong in a pom.xml without Maven’s own idea of the place', () => {
    expect(explain('malformed-pom').diagnostics?.[0]?.message).toBe(
      'end tag name </dependencie> must match start tag name <dependencies> from line 28',
    );
    expect(explain('no-version').diagnostics?.[0]?.message).toBe(
      "'dependencies.dependency.version' for com.example:x:jar is missing.",
    );
  });

  it('names failed tests, each with its place', () => {
    const error = explain('test-failure');
    expect(error).toMatchObject({
      code: 'TESTS_FAILED',
      message: 'orders: 4 of 22 tests failed: PriceServiceTest',
      hint: expect.stringContaining('mvn test -Dtest=PriceServiceTest') as unknown,
    });
    expect(error.diagnostics).toHaveLength(4);
    expect(error.diagnostics?.[0]).toEqual({
      severity: 'error',
      message: 'PriceServiceTest.discountStartsAtTenPieces(int, long)[1]: AssertionFailedError: on purpose',
      file: 'src/test/java/com/example/orders/PriceServiceTest.java',
      line: 21,
      excerpt: 'line 21 of PriceServiceTest.java',
    });
  });

  it.each([
    [
      'missing-dependency',
      'orders: Maven cannot get com.example:not-there:jar:1.2.3',
      'check group, artifact and version',
    ],
    ['refused-dependency', 'orders: Maven cannot get com.example:not-there2:pom:1.2.3', 'check the network'],
    [
      'missing-plugin',
      'orders: Maven cannot get com.example:no-plugin:jar:1',
      'check group, artifact and version',
    ],
    [
      'offline-dependency',
      'orders: Maven cannot get com.example:not-there:jar:1.2.3',
      'check group, artifact and version',
    ],
    ['missing-goal', /^orders: Could not find goal 'nope' in plugin/, 'check the plugin and its goals'],
    ['no-module', 'orders: Could not find the selected project in the reactor: nope', 'check jar.module'],
    [
      'release',
      'orders: maven-compiler-plugin:compile failed for orders: Fatal error compiling: error: release version 99 not supported',
      'set JAVA_HOME',
    ],
  ])('explains %s and says what to do', (name, message, hint) => {
    const error = explain(name);
    expectMessage(error, message);
    expect(error.hint).toContain(hint);
    expect(error.evidence?.join('\n')).toContain('[ERROR]');
    expect(error.evidence?.join('\n')).not.toContain('re-run Maven');
  });

  it('shows the last lines of what it does not understand', () => {
    expect(mavenFailure('orders', 137, ['some', 'words'], files)).toMatchObject({
      message: 'orders: Maven ended with exit code 137',
      evidence: ['some', 'words'],
    });
  });
});

describe('isOfflineFailure', () => {
  it.each([
    ['offline-dependency', true],
    ['offline-parent', true],
    ['missing-dependency', false],
    ['refused-dependency', false],
    ['compile-error', false],
    ['test-failure', false],
  ])('%s: %s', (name, expected) => {
    expect(isOfflineFailure(recordedBuild('maven', name))).toBe(expected);
  });
});
