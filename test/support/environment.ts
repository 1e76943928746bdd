/** The environment of this test process, as the program itself reads it. */
import { readEnvironment, type Environment } from '../../src/app/environment.ts';

/** Reads it now: tests change variables. */
export function environmentNow(): Environment {
  return readEnvironment(process.env);
}
