import { describe, expect, it } from 'vitest';
import { expectPlaces, fakeSourceFiles, recordedBuild } from '../../../../test/support/recorded-build.ts';
import { gradleFailure, isOfflineFailure } from './failure.ts';

const files = fakeSourceFiles('/home/dev/letters/', 'desk/src/test/java');
const explain = (name: string) => gradleFailure('letters', 1, recordedBuild('gradle', name), files);
const tariff = 'desk/src/main/java/com/example/letters/Tariff.java';

describe('gradleFailure', () => {
  it('lists compile errors once each, with the column of the caret and their details', () => {
    expect(explain('compile-error')).toEqual({
      code: 'SOURCE_BUILD_FAILED',
      message: 'letters: 3 compile errors in Tariff.java',
      hint: 'fix the first one and save; it may have caused the others',
      diagnostics: [
        {
          severity: 'error',
          message: "bad operand types for binary operator '*'; first type: int; second type: String",
          file: tariff,
          line: 7,
          column: 19,
          excerpt: 'line 7 of Tariff.java',
        },
        {
          severity: 'error',
          message: 'cannot find symbol; symbol: method nope(); location: class Tariff',
          file: tariff,
          line: 7,
          column: 49,
          excerpt: 'line 7 of Tariff.java',
        },
        {
          severity: 'error',
          message: 'cannot find symbol; symbol: method off(int); location: class Postage',
          file: tariff,
          line: 7,
          column: 65,
          excerpt: 'line 7 of Tariff.java',
        },
      ],
    });
  });

  it.each([
    [
      'syntax-error',
      'letters: 3 compile errors in Tariff.java',
      [
        [tariff, 7, 75],
        [tariff, 7, 81],
        [tariff, 7, 76],
      ],
    ],
    [
      'unknown-method',
      "letters: Could not find method foo() for arguments [x] on project ':desk' of type org.gradle.api.Project",
      [['desk/build.gradle', 10, undefined]],
    ],
    ['malformed-script', /^letters: /, [['desk/build.gradle', 11, 1]]],
    [
      'missing-plugin',
      "letters: Plugin with id 'com.example.nope' not found",
      [['desk/build.gradle', 10, undefined]],
    ],
    ['task-failure', 'letters: :desk:gen: generator broke', [['desk/build.gradle', 10, undefined]]],
  ] as const)('finds the places of %s', (name, message, places) => {
    expectPlaces(explain(name), message, places);
  });

  it('says what is wrong in a build script without its stack', () => {
    expect(explain('malformed-script').diagnostics?.[0]?.message).toBe('unexpected token:');
  });

  it('names failed tests, each with its place', () => {
    expect(explain('test-failure')).toEqual({
      code: 'TESTS_FAILED',
      message: 'letters: 1 of 1 tests failed: TariffTest',
      hint: "to run only these: gradle test --tests '*TariffTest'; to build without tests, set jar.tests: skip in appdev.yaml",
      diagnostics: [
        {
          severity: 'error',
          message:
            'TariffTest.namesThePrice: ComparisonFailure: expected:<...ter of 40 g costs 11[6] cents> but was:<...ter of 40 g costs 11[5] cents>',
          file: 'desk/src/test/java/com/example/letters/TariffTest.java',
          line: 11,
          excerpt: 'line 11 of TariffTest.java',
        },
      ],
    });
  });

  it('reads JUnit 5, whose suites may go by their simple name and whose tests may be cases', () => {
    const lines = [
      'TariffTest > costs(int, int) > [2] 20, 101 FAILED',
      '    org.opentest4j.AssertionFailedError: expected: <101> but was: <100>',
      '        at app//org.junit.jupiter.api.AssertEquals.assertEquals(AssertEquals.java:145)',
      '        at app//com.example.letters.TariffTest$Nested.check(TariffTest.java:9)',
      '        at app//com.example.letters.TariffTest.costs(TariffTest.java:21)',
      '',
      '7 tests completed, 1 failed, 2 skipped',
    ];
    expect(gradleFailure('letters', 1, lines, files)).toMatchObject({
      message: 'letters: 1 of 7 tests failed: TariffTest',
      diagnostics: [
        {
          message:
            'TariffTest.costs(int, int) > [2] 20, 101: AssertionFailedError: expected: <101> but was: <100>',
          line: 9,
        },
      ],
    });
  });

  it.each([
    ['missing-dependency', 'letters: Gradle cannot get com.example:not-there:1.2.3', 'check group, artifact'],
    ['offline-dependency', 'letters: Gradle cannot get com.example:not-there:1.2.3', 'check group, artifact'],
    ['no-project', "letters: Project 'nope' not found in root project 'letters'", 'check jar.module'],
    ['no-task', "letters: Task 'bootJar' not found in project ':postage'", 'check jar.module'],
    ['bad-option', "letters: Unknown command-line option '--nonsense'", 'check jar.args'],
    ['release', 'letters: :desk:compileJava: error: release version 99 not supported', 'set JAVA_HOME'],
  ])('explains %s and says what to do', (name, message, hint) => {
    const error = explain(name);
    expect(error.message).toBe(message);
    expect(error.hint).toContain(hint);
    expect(error.evidence?.length).toBeGreaterThan(0);
    expect(error.evidence?.join('\n')).not.toContain('--stacktrace option');
  });

  it('shows the lines of what it does not understand', () => {
    expect(gradleFailure('letters', 137, ['some', 'words'], files)).toMatchObject({
      message: 'letters: Gradle ended with exit code 137',
      evidence: ['some', 'words'],
    });
  });
});

describe('isOfflineFailure', () => {
  it.each([
    ['offline-dependency', true],
    ['missing-dependency', false],
    ['compile-error', false],
  ])('%s: %s', (name, expected) => {
    expect(isOfflineFailure(recordedBuild('gradle', name))).toBe(expected);
  });
});
