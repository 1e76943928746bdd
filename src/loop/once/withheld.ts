/** What a one-shot command says about services that others keep back. Pure. */
import { appdevError, type AppdevError } from '../../core/errors.ts';
import type { NotOk } from '../../core/outcome.ts';
import type { Unfinished } from '../work/member.ts';

/** Why a service is not deployed although nothing is wrong with it. Undefined if nothing keeps it back. */
export function withheld(service: string, refusals: ReadonlyMap<string, Unfinished>): NotOk | undefined {
  for (const [culprit, end] of refusals) {
    if (end.kind === 'cancelled') return end;
    const message =
      end.refused === true
        ? `${service} was not deployed: ${culprit} must not be`
        : `${service} was built but not deployed: the build of ${culprit} failed`;
    return { kind: 'failed', error: sameCode(end.error, message, culprit) };
  }
  return undefined;
}

/** Why a service is not deployed: a service that it needs did not succeed. */
export function failedNeed(service: string, need: string, end: NotOk): NotOk {
  if (end.kind === 'cancelled') return end;
  const message = `${service} was not deployed: ${need}, which it needs, failed`;
  return { kind: 'failed', error: sameCode(end.error, message, need) };
}

function sameCode({ code, exit }: AppdevError, message: string, culprit: string): AppdevError {
  return appdevError(code, message, {
    hint: `see what ${culprit} says`,
    ...(exit === undefined ? {} : { exit }),
  });
}
