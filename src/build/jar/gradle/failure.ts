/**
 * Why Gradle failed, as one of appdev's errors: compile errors, failed tests, a broken build script, something that
 * cannot be downloaded, or a task. Pure. The texts are in test/recorded/gradle.
 */
import type { Diagnostic } from '../../../core/diagnostic.ts';
import { appdevError, type AppdevError } from '../../../core/errors.ts';
import { compileFailure, testFailure } from '../failure.ts';
import { plainCompilerErrors } from '../compiler-output.ts';
import { isWorthShowing } from './log.ts';
import { failedGradleTests } from './test-report.ts';
import type { TestFiles } from '../test-report.ts';

/** True if a failed offline build may succeed with the network. */
export function isOfflineFailure(lines: readonly string[]): boolean {
  return lines.some((line) => / available for offline mode\.?$/.test(line));
}

/** The error for a failed build. `services`: names, for the message. `exitCode`: Gradle's. */
export function gradleFailure(
  services: string,
  exitCode: number,
  lines: readonly string[],
  files: TestFiles,
): AppdevError {
  const compile = plainCompilerErrors(lines, files);
  if (compile.length > 0) return compileFailure(services, compile);
  const tests = failedGradleTests(lines, files);
  if (tests !== undefined) {
    return testFailure(services, tests, (classes) =>
      ['gradle test', ...classes.map((name) => `--tests '*${name}'`)].join(' '),
    );
  }
  const reasons = whatWentWrong(lines);
  const script = scriptProblem(lines, reasons, files);
  const reason = missingModule(reasons) ?? innermost(reasons) ?? badOption(lines);
  const message = `${services}: ${reason ?? `Gradle ended with exit code ${exitCode}`}`;
  const evidence = (reasons.length > 0 ? reasons : lines.filter(isWorthShowing)).slice(0, evidenceLines);
  const text = reasons.length > 0 ? reasons.join('\n') : lines.join('\n');
  return appdevError('SOURCE_BUILD_FAILED', message, {
    hint:
      hints.find(([pattern]) => pattern.test(text))?.[1] ??
      'run the same build by hand to see all of its output: gradle build --stacktrace',
    ...(script === undefined ? {} : { diagnostics: [script] }),
    ...(script === undefined && evidence.length > 0 ? { evidence } : {}),
  });
}

const evidenceLines = 15;

/** The lines between `* What went wrong:` and the next headline; of several failures, the first. */
function whatWentWrong(lines: readonly string[]): string[] {
  const start = lines.indexOf('* What went wrong:');
  if (start === -1) return [];
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => line.startsWith('* '));
  return rest.slice(0, end === -1 ? rest.length : end).filter((line) => line.trim() !== '');
}

/**
 * The place in `Build file '/p/build.gradle' line: 10` after `* Where:`, or the places in a script that does not
 * compile.
 */
function scriptProblem(
  lines: readonly string[],
  reasons: readonly string[],
  files: TestFiles,
): Diagnostic | undefined {
  const place = lines[lines.indexOf('* Where:') + 1] ?? '';
  const [, path, row] = /^(?:\w+ )+'(.+)' line: (\d+)$/.exec(place) ?? [];
  if (path === undefined || row === undefined) return undefined;
  const compile = reasons.map((line) =>
    /^\s*build file '[^']*(?:'(?!: \d)[^']*)*': \d+: (.*?) ?@ line (\d+), column (\d+)/.exec(line),
  );
  const [, said, line = row, column] = compile.find(Boolean) ?? [];
  const excerpt = files.line(path, Number(line));
  return {
    severity: 'error',
    message: said?.trim() ?? innermost(reasons) ?? 'the build script fails',
    file: files.name(path),
    line: Number(line),
    ...(column === undefined ? {} : { column: Number(column) }),
    ...(excerpt === undefined ? {} : { excerpt }),
  };
}

/** What Gradle could not get: the first module, with the reason if it is on a line of its own. */
function missingModule(reasons: readonly string[]): string | undefined {
  const name = /Could not (?:find|resolve|download|get) ([\w.-]+(?::[\w.-]+)+)/.exec(reasons.join('\n'))?.[1];
  return name === undefined ? undefined : `Gradle cannot get ${withoutStop(name)}`;
}

/**
 * The last cause, because it says most: `> Could not find method foo() …`, below `A problem occurred evaluating project
 * ':desk'.`
 */
function innermost(reasons: readonly string[]): string | undefined {
  const [first] = reasons;
  const cause = reasons.findLast((line) => /^\s*> /.test(line))?.replace(/^\s*> /, '');
  if (first === undefined) return undefined;
  const isTask = first.startsWith('Execution failed for task ');
  const task = /'(.+)'/.exec(first)?.[1];
  if (cause === undefined) return withoutStop(first);
  return isTask && task !== undefined ? `${task}: ${withoutStop(cause)}` : withoutStop(cause);
}

function withoutStop(text: string): string {
  return text.trim().replace(/\.$/, '');
}

/** The message if Gradle refuses the command line, before there is a build. */
function badOption(lines: readonly string[]): string | undefined {
  const found = lines.find((line) =>
    /^(?:Unknown command-line option|Problem configuring option)/.test(line),
  );
  return found === undefined ? undefined : withoutStop(found);
}

/** What to type next, for each message of Gradle. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /[Uu]nsupported class file major version|Could not determine java version|incompatible with the Java|does not support (?:running on )?Java/,
    'this Gradle does not run on this JDK: set JAVA_HOME to an older one, or update the wrapper: gradle wrapper --gradle-version',
  ],
  [
    /(?:invalid (?:target|source) release|[Ss]ource release \d+ requires|release version \d+ not supported)/,
    'Gradle runs on an older JDK than the project needs: set JAVA_HOME to a newer one, or lower sourceCompatibility',
  ],
  [
    /No matching toolchains|Cannot find a Java installation/,
    'install the JDK that the toolchain in build.gradle asks for',
  ],
  [
    /OutOfMemoryError|GC overhead|Metaspace/,
    'give Gradle more memory: org.gradle.jvmargs=-Xmx2g in gradle.properties',
  ],
  [
    /Connection refused|Unknown host|timed out|status code 5\d\d|Could not GET/,
    'check the network, the VPN, and the proxy in gradle.properties, then build again',
  ],
  [
    /status code 40[13]|Unauthorized|Forbidden/,
    'the repository refused the credentials: check those in gradle.properties',
  ],
  [
    /Could not (?:find|resolve)|offline mode/,
    'check group, artifact and version in build.gradle, and that one of your repositories contains it',
  ],
  [
    /Plugin .{0,200} was not found|plugin with id .{0,200} not found/i,
    'check the plugin and its version in build.gradle and settings.gradle',
  ],
  [
    /Project '.{0,200}' not found|Task '.{0,200}' not found/,
    'check jar.module in appdev.yaml against settings.gradle',
  ],
  [
    /is not part of the build defined by settings/,
    'include the project in settings.gradle, or add a settings.gradle to its folder',
  ],
  [
    /Unknown command-line option|Problem configuring option/,
    'check jar.args in appdev.yaml: this Gradle does not know the option',
  ],
  [/Could not compile|A problem occurred evaluating/, 'fix the build script and save'],
  [
    /Timeout waiting to lock|currently in use by another Gradle/,
    'wait for the other Gradle build of this project, or stop it: gradle --stop',
  ],
];
