/** Hands key presses on; to be mounted only where standard input is a terminal. Draws nothing. */
import { useInput } from 'ink';
import type { ReactElement } from 'react';
import type { KeyPress } from '../../view/keys.ts';

/** `onPress` is called once a key. Pasted text is ignored: it must not quit or rebuild anything. */
export function Keyboard(props: { readonly onPress: (key: KeyPress) => void }): ReactElement | null {
  useInput((input, key) => {
    // A held-down key may arrive several at once; other text of more than one character was pasted.
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
