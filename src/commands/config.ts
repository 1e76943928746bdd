/** `appdev config print|validate|schema`. It prints to standard output and contacts nothing. */
import { jsonSchemaText } from '../config/docs/reference.ts';
import { nearest } from '../config/text/nearest.ts';
import { diagnosticLines } from '../core/diagnostic.ts';
import { failed, ok, type Outcome } from '../core/outcome.ts';
import { count } from '../core/words.ts';
import type { Invocation } from '../app/invocation.ts';
import { openProject } from '../app/project.ts';
import { cleanText, showUnsafe } from '../ui/text/sanitize.ts';

const actions = ['print', 'validate', 'schema'];

/** Runs `appdev config`. The exit code is 2 if the file has errors. */
export async function config(invocation: Invocation): Promise<Outcome<number>> {
  const [action, ...rest] = invocation.positionals;
  if (action === undefined || !actions.includes(action) || rest.length > 0) {
    const near = action === undefined ? undefined : nearest(action, actions);
    return failed(
      'USAGE',
      `appdev config takes one of ${actions.join(', ')}${action === undefined ? '' : `, not '${invocation.positionals.join(' ')}'`}`,
      {
        hint: `type: appdev config ${near ?? 'validate'}`,
      },
    );
  }
  if (action === 'schema') {
    process.stdout.write(jsonSchemaText());
    return ok(0);
  }
  const project = await openProject(invocation);
  if (project.kind !== 'ok') return project;
  const { config: loaded, warnings, activeProfiles } = project.value;
  for (const warning of warnings) process.stderr.write(cleanText(`${diagnosticLines(warning).join('\n')}\n`));
  if (action === 'print') {
    process.stdout.write(
      showUnsafe(project.value.printEffective({ origin: invocation.flags.origin ?? false })),
    );
    return ok(0);
  }
  const profiles = activeProfiles.map(({ name }) => name).join(', ');
  process.stdout.write(
    `${loaded.file} is valid: ${count(loaded.services.length, 'service')}, profiles ${profiles === '' ? 'none' : profiles}\n`,
  );
  return ok(0);
}
