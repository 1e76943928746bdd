/** The values of `--output` that a command can print. Pure. */
import { nearest } from '../config/text/nearest.ts';
import { failed, type NotOk } from '../core/outcome.ts';
import { outputModes } from '../ui/output.ts';
import type { Flags } from './flags.ts';
import type { Command } from './invocation.ts';

/**
 * The failure (USAGE) for a value of `--output` that does not exist, or that the command cannot print. Undefined if
 * there is none. A variable is set for a whole pipeline, so a value that means nothing to one command is no failure.
 *
 * @param source what set the value: `--output`, or the name of its variable
 */
export function checkOutput(
  { name, outputs }: Pick<Command, 'name' | 'outputs'>,
  { output }: Flags,
  source: string,
): NotOk | undefined {
  if (output === undefined) return undefined;
  const known = outputModes.find((mode) => mode === output);
  if (known === undefined) {
    return failed('USAGE', `${source} takes one of ${outputModes.join(', ')}, not '${output}'`, {
      hint: `type: --output ${nearest(output, outputModes) ?? 'auto'}`,
    });
  }
  if (known === 'auto' || source !== '--output' || outputs.includes(known)) return undefined;
  const what = known === 'tui' ? 'has no panel' : `does not print ${known}`;
  return failed('USAGE', `appdev ${name} ${what}`, {
    hint: `leave --output out, or type: --output ${outputs.join(' or ')}`,
  });
}
