import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compiledIn, isWorthShowing } from './log.ts';

const recorded = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, '../../../../test/recorded/maven', `${name}.txt`), 'utf8').split(
    '\n',
  );

it('counts the files that are compiled', () => {
  expect(recorded('ok').flatMap((line) => compiledIn(line) ?? [])).toEqual([16]);
  expect(compiledIn('[INFO] Compiling 1 source file with javac [debug release 17] to target/classes')).toBe(
    1,
  );
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
