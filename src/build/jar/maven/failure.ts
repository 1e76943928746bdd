/**
 * Why Maven failed, as one of appdev's errors: compile errors, failed tests, a broken pom.xml, something that cannot be
 * downloaded, or a plugin. Pure. The texts are in test/recorded/maven.
 */
import type { Diagnostic } from '../../../core/diagnostic.ts';
import { appdevError, type AppdevError } from '../../../core/errors.ts';
import { compileFailure, testFailure } from '../failure.ts';
import { compilerErrors } from '../compiler-output.ts';
import { isAdvice, isWorthShowing } from './log.ts';
import { failedTests, type TestFiles } from '../test-report.ts';

/** True if a failed offline build may succeed with the network. */
export function isOfflineFailure(lines: readonly string[]): boolean {
  return lines.some(
    (line) =>
      /in offline mode|has not been downloaded from it before|offline/i.test(line) &&
      /^\[(ERROR|FATAL)\]/.test(line),
  );
}

/** The error for a failed build. `services`: names, for the message. `exitCode`: Maven's. */
export function mavenFailure(
  services: string,
  exitCode: number,
  lines: readonly string[],
  files: TestFiles,
): AppdevError {
  const errors = lines.filter((line) => /^\[(ERROR|FATAL)\]/.test(line) && !isAdvice(line)).map(withoutTag);
  const compile = compilerErrors(lines, files);
  if (compile.length > 0) return compileFailure(services, compile);
  const tests = failedTests(lines, files);
  if (tests !== undefined) {
    return testFailure(services, tests, (classes) => `mvn test -Dtest=${classes.join(',')}`);
  }
  const poms = pomProblems(lines, files);
  const reason = missingArtifact(errors) ?? poms[0]?.message ?? firstReason(errors);
  const ended = exitCode === 0 ? 'a goal of Maven failed' : `Maven ended with exit code ${exitCode}`;
  const message = `${services}: ${reason ?? ended}`;
  const hint = hintFor(errors.join('\n'), lines);
  const evidence = lines.filter((line) => isWorthShowing(line)).slice(-evidenceLines);
  return appdevError('SOURCE_BUILD_FAILED', message, {
    hint: hint ?? 'run the same build by hand to see all of its output: mvn package',
    ...(poms.length > 0 ? { diagnostics: poms } : {}),
    ...(poms.length === 0 && evidence.length > 0 ? { evidence } : {}),
  });
}

const evidenceLines = 15;

/**
 * Reads `The project com.example:orders:1.0.0 (/p/pom.xml) has 1 error`, followed by one line for each problem. Such a
 * line ends with `@ line 47, column 15`, or with the file in between: `@ com.example:parent:1, /p/pom.xml, line 3,
 * column 4`.
 */
function pomProblems(lines: readonly string[], files: TestFiles): Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  let pom: string | undefined;
  for (const line of lines) {
    pom = /^\[ERROR\] {3}The project .*\(([^(]+)\) has \d+ errors?$/.exec(line)?.[1] ?? pom;
    const [, text, other, row, column] =
      /^\[ERROR\] {5}(.*?)@ (?:[^@,]*, (\/[^@]*), )?line (\d+), column (\d+)/.exec(line) ?? [];
    const path = other ?? pom;
    if (text === undefined || path === undefined) continue;
    const excerpt = files.line(path, Number(row));
    // Some messages contain the reader's own idea of the place. The excerpt says more.
    const message = text
      .replace(/^Non-(?:parse|read)able POM \S+: /, '')
      .replace(/ \(position: [\s\S]*$/, '')
      .trimEnd();
    found.set(`${path}:${row}:${column}:${message}`, {
      severity: 'error',
      message,
      file: files.name(path),
      line: Number(row),
      column: Number(column),
      ...(excerpt === undefined ? {} : { excerpt }),
    });
  }
  return [...found.values()];
}

/** The artifact that Maven could not get, wherever it looked. */
function missingArtifact(errors: readonly string[]): string | undefined {
  const artifact =
    /(?:Could not find artifact|the artifact|Could not transfer artifact|^)\s*([\w.-]+(?::[\w.-]+){2,4}) (?:in|from|has not been|was not found)/.exec(
      errors.join('\n'),
    )?.[1];
  return artifact === undefined ? undefined : `Maven cannot get ${artifact}`;
}

/** Maven's own one-line reason, without the words around it. */
function firstReason(errors: readonly string[]): string | undefined {
  const failed =
    errors.find((line) => line.startsWith('Failed to execute goal ')) ??
    errors.find((line) => line.trim() !== '');
  return failed
    ?.replace(/ -> \[Help \d+\]$/, '')
    .replace(/ @ *$/, '')
    .replace(
      /^Failed to execute goal ([\w.-]+:)?([\w.-]+):[\w.-]+:([\w-]+) \(.*?\) on project (\S+): /,
      '$2:$3 failed for $4: ',
    )
    .replace(/^Failed to execute goal on project \S+: /, '')
    .trim();
}

/** What to type next, for each message of Maven. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /(?:release version|invalid (?:target|source) release:?|Source option|Target option) ?[\d.]+|JNI error.{0,200}version/,
    'Maven runs on an older JDK than the project needs: set JAVA_HOME to a newer one, or lower java.version in pom.xml',
  ],
  [/No compiler is provided|running on a JRE/, 'Maven runs on a JRE: install a JDK and set JAVA_HOME to it'],
  [/JAVA_HOME.{0,200}(?:not defined|incorrect|invalid)/i, 'set JAVA_HOME to the folder of a JDK'],
  [/OutOfMemoryError/, 'give Maven more memory: export MAVEN_OPTS=-Xmx2g'],
  [
    /UnsupportedClassVersionError|compiled by a more recent version of the Java/,
    'set JAVA_HOME to a newer JDK: a plugin needs it',
  ],
  [/Unrecognized option: -ntp/, 'appdev needs Maven 3.6.3 or newer: update Maven or the wrapper'],
  [
    /Could not transfer artifact|Unknown host|Connection refused|timed out|status code: 5\d\d/,
    'check the network, the VPN and the mirrors and proxies in ~/.m2/settings.xml, then build again',
  ],
  [
    /status code: 40[13]|Not authorized|Unauthorized/,
    'the repository refused the credentials: check <servers> in ~/.m2/settings.xml',
  ],
  [
    /during a previous attempt|was cached in the local repository/,
    'Maven remembers that it did not find it; to make it ask again, run mvn -U package',
  ],
  [
    /Could not find artifact|could not be resolved|in offline mode/,
    'check group, artifact and version in pom.xml, and that one of your repositories contains it',
  ],
  [/Could not find goal|No plugin found for prefix/, 'check the plugin and its goals in pom.xml'],
  [/selected project in the reactor/, 'check jar.module in appdev.yaml against <modules> in the pom.xml'],
  [/Non-parseable POM|problems were encountered while processing the POMs/, 'fix the pom.xml and save'],
];

function hintFor(text: string, lines: readonly string[]): string | undefined {
  const all = text === '' ? lines.join('\n') : text;
  return hints.find(([pattern]) => pattern.test(all))?.[1];
}

function withoutTag(line: string): string {
  return line.replace(/^(?:\[(?:ERROR|FATAL)\] ?)+/, '');
}
