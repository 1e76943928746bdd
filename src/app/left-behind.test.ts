import { expect, it } from 'vitest';
import { samples } from '../../test/support/sample-events.ts';
import type { EventBody } from '../core/events.ts';
import type { Flags } from './flags.ts';
import { followLeftBehind } from './left-behind.ts';

const chosen = samples['cluster.selected'];
const applying: EventBody = { ...samples['stage.started'], stage: 'apply' };
const cleaning = samples['cleanup.started'];
const done = samples['cleanup.finished'];

it.each<readonly [string, string, Flags, EventBody[], string | undefined]>([
  ['nothing was deployed', 'dev', {}, [chosen], undefined],
  ['no cluster was chosen', 'dev', {}, [cleaning], undefined],
  ['before the clean-up', 'dev', {}, [chosen, applying], 'orders'],
  // It may be there to stay: only the clean-up looks.
  ['what was there before', 'dev', {}, [chosen, samples['pod.changed']], undefined],
  ['in the clean-up', 'dev', {}, [chosen, applying, cleaning], 'orders, billing'],
  ['after it', 'dev', {}, [chosen, applying, cleaning, done], undefined],
  [
    'after one that failed',
    'dev',
    {},
    [chosen, applying, cleaning, { ...done, failed: ['billing'] }],
    'billing',
  ],
  ['what was to stay', 'dev', { cleanup: false }, [chosen, applying], undefined],
  ['a run that leaves it', 'run', {}, [chosen, applying], undefined],
  ['a run that removes it', 'run', { cleanup: true }, [chosen, applying], 'orders'],
  ['a deletion', 'delete', {}, [chosen, cleaning], 'orders, billing'],
])('%s (%s %j)', (_, command, flags, events, left) => {
  const follower = followLeftBehind({ command, flags });
  for (const event of events) follower.seen(event);
  expect(follower.notice()).toEqual(
    left === undefined
      ? undefined
      : {
          type: 'notice',
          level: 'warning',
          message: `stopped before all was removed: ${left} may still be in shop-dev`,
          hint: 'to remove it: appdev delete --kube-context kind-shop -n shop-dev',
        },
  );
});
