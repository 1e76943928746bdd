/** Passes key presses on. It draws nothing. Mount it only if standard input is a terminal. */
import { useInput } from 'ink';
import type { ReactElement } from 'react';
import type { KeyPress } from '../../view/keys.ts';

/** Calls `onPress` once for each key. Pasted text is ignored, because it must not quit or rebuild anything. */
export function Keyboard(props: { readonly onPress: (key: KeyPress) => void }): ReactElement | null {
  useInput((input, key) => {
    // A key that is held down can arrive several times at once. Any other text of several characters was pasted.
    const repeated = /^(j+|k+)$/.test(input);
    if (input.length > 1 && !repeated) return;
    for (const character of repeated ? input : [input]) {
      props.onPress({
        input: character,
        ctrl: key.ctrl,
        upArrow: key.upArrow,
        downArrow: key.downArrow,
        return: key.return,
        escape: key.escape,
      });
    }
  });
  return null;
}
