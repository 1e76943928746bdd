/** Reads what the listener in Maven prints between the lines of the log. Pure. */
import { fieldAt, numberAt, stringAt } from '../../../../support/fields.ts';

/** A goal of a module. */
export interface Goal {
  /** Plugin without `maven-` and `-plugin`: `compiler`, `jar`, `spring-boot`. */
  readonly plugin: string;
  readonly goal: string;
  /** Absolute path of the module's pom file. */
  readonly pom: string;
}

/** What the listener says. */
export type ListenerEvent =
  | {
      readonly type: 'started' | 'ended';
      readonly goal: Goal;
      /** Maven waits for an answer with this number. 0: it does not wait. */
      readonly number: number;
    }
  /** A line about the failure of a goal. */
  | { readonly type: 'said'; readonly line: string }
  /** An artifact of a module that has succeeded, by absolute path. It may be a folder, or not exist. */
  | { readonly type: 'made'; readonly pom: string; readonly file: string }
  /** Maven is through. It may have failed although its exit code is 0. */
  | { readonly type: 'session'; readonly failed: boolean };

/** Reads a line without the mark at its front. Undefined if it is not an event. */
export function readEvent(text: string): ListenerEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return eventIn(value);
}

function eventIn(value: unknown): ListenerEvent | undefined {
  const text = (name: string): string => stringAt(value, name) ?? '';
  switch (text('type')) {
    case 'started':
      return { type: 'started', goal: goalOf(text), number: numberAt(value, 'number') ?? 0 };
    case 'ended':
      return { type: 'ended', goal: goalOf(text), number: numberAt(value, 'number') ?? 0 };
    case 'said':
      return { type: 'said', line: text('line') };
    case 'made':
      return { type: 'made', pom: text('pom'), file: text('file') };
    case 'session':
      return { type: 'session', failed: fieldAt(value, 'failed') === true };
  }
  return undefined;
}

function goalOf(text: (name: string) => string): Goal {
  const plugin = text('plugin')
    .replace(/^maven-(.*)-plugin$/, '$1')
    .replace(/-maven-plugin$/, '');
  return { plugin, goal: text('goal'), pom: text('pom') };
}
