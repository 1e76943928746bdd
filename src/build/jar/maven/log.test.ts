import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isWorthShowing, MavenLog, parseGoal, type LogEvent } from './log.ts';

const recorded = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, '../../../../test/recorded/maven', `${name}.txt`), 'utf8').split(
    '\n',
  );

function follow(lines: readonly string[]): LogEvent[] {
  const log = new MavenLog();
  return lines.map((line) => log.read(line)).filter((event) => event !== undefined);
}

describe('parseGoal', () => {
  it.each([
    ['[INFO] --- maven-jar-plugin:3.4.2:jar (default-jar) @ orders ---', 'jar:jar@orders'],
    [
      '[INFO] --- spring-boot-maven-plugin:4.0.3:repackage (repackage) @ till-app ---',
      'spring-boot:repackage@till-app',
    ],
    ['[INFO] --- compiler:3.13.0:compile (default-compile) @ orders ---', 'compiler:compile@orders'],
    ['[INFO] --- kotlin-maven-plugin:2.0.0:compile (compile) @ a_b.c ---', 'kotlin:compile@a_b.c'],
  ])('reads %s', (line, expected) => {
    const goal = parseGoal(line);
    expect(`${goal?.plugin}:${goal?.goal}@${goal?.module}`).toBe(expected);
  });

  it.each(['[INFO] BUILD SUCCESS', '[ERROR] --- x:1:y (z) @ w ---', 'INFO --- [main] x : y'])(
    'finds none in %s',
    (line) => {
      expect(parseGoal(line)).toBeUndefined();
    },
  );
});

describe('MavenLog', () => {
  it('sees the packing of a single module, and how much is compiled', () => {
    const events = follow(recorded('ok'));
    expect(events.filter((event) => event.type === 'compiling')).toEqual([{ type: 'compiling', files: 16 }]);
    expect(
      events.flatMap((event) => (event.type === 'goal' && event.packs ? [event.goal.goal] : [])),
    ).toEqual(['jar', 'repackage']);
  });

  it('takes only the last of several modules for the packing', () => {
    const events = follow([
      '[INFO] Building till-common 2.1                                           [1/2]',
      '[INFO] --- maven-jar-plugin:3.4.2:jar (default-jar) @ till-common ---',
      '[INFO] Building jar: /home/dev/till/common/target/till-common-2.1.jar',
      '[INFO] Building till-app 2.1                                              [2/2]',
      '[INFO] --- maven-compiler-plugin:3.14.1:compile (default-compile) @ till-app ---',
      '[INFO] Compiling 1 source file with javac [debug parameters release 17] to target/classes',
      '[INFO] --- maven-jar-plugin:3.4.2:jar (default-jar) @ till-app ---',
    ]);
    expect(events.map((event) => (event.type === 'goal' ? event.packs : event.files))).toEqual([
      false,
      false,
      1,
      true,
    ]);
  });
});

describe('isWorthShowing', () => {
  it('keeps errors, warnings and what programs print, and drops Maven’s own talk', () => {
    expect(recorded('syntax-error').filter(isWorthShowing)).toEqual([
      '[ERROR] COMPILATION ERROR : ',
      "[ERROR] /home/dev/shop/src/main/java/com/example/orders/web/GreetingController.java:[25,37] ';' expected",
      '[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.14.1:compile (default-compile) on project orders: Compilation failure',
      "[ERROR] /home/dev/shop/src/main/java/com/example/orders/web/GreetingController.java:[25,37] ';' expected",
    ]);
    expect(isWorthShowing('Hello from a test')).toBe(true);
    expect(isWorthShowing('[WARNING] deprecated')).toBe(true);
    expect(isWorthShowing('WARNING: A terminally deprecated method in sun.misc.Unsafe has been called')).toBe(
      false,
    );
  });
});
