/**
 * What a command leaves in the cluster if it is stopped at once, by the second Ctrl-C: what it was about to remove. It
 * knows that from the session's events. Pure, but for its memory of them.
 */
import type { EventBody } from '../core/events.ts';
import type { Invocation } from './invocation.ts';

/** Follows what a hurried end would leave behind. */
export interface LeftBehind {
  /** Takes each event of the session. */
  readonly seen: (event: EventBody) => void;
  /** The notice for such an end, with the command that removes what is left. Undefined if nothing is. */
  notice(): EventBody | undefined;
}

/** Makes the follower for one command. */
export function followLeftBehind({ command, flags }: Pick<Invocation, 'command' | 'flags'>): LeftBehind {
  const removesAtEnd = command === 'dev' ? flags.cleanup !== false : flags.cleanup === true;
  const deployed = new Set<string>();
  const cleaning = new Set<string>();
  let place: { readonly context: string; readonly namespace: string } | undefined;

  return {
    seen(event) {
      if (event.type === 'cluster.selected') place = event;
      else if (event.type === 'stage.started' && event.stage === 'apply') deployed.add(event.service);
      else if (event.type === 'cleanup.started') for (const service of event.services) cleaning.add(service);
      else if (event.type === 'cleanup.finished') {
        for (const service of [...cleaning].filter((name) => !event.failed.includes(name))) {
          cleaning.delete(service);
          deployed.delete(service);
        }
      }
    },
    notice() {
      const left = [...new Set([...cleaning, ...(removesAtEnd ? deployed : [])])];
      if (place === undefined || left.length === 0) return undefined;
      const { context, namespace } = place;
      return {
        type: 'notice',
        level: 'warning',
        message: `stopped before all was removed: ${left.join(', ')} may still be in ${namespace}`,
        hint: `to remove it: appdev delete --kube-context ${context} -n ${namespace}`,
      };
    },
  };
}
