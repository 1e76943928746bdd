/**
 * Gives the outside a way to write permanent lines above the panel. Used instead of Ink's `Static`, which keeps every
 * line that it ever printed (a day of application logs) in memory. Draws nothing.
 */
import { useStdout } from 'ink';
import { useLayoutEffect, type ReactElement } from 'react';

/** `onReady` gets the function that writes text, which must end with a line break, above the panel. */
export function LogWriter(props: {
  readonly onReady: (write: (text: string) => void) => void;
}): ReactElement | null {
  const { write } = useStdout();
  const { onReady } = props;
  useLayoutEffect(() => onReady(write), [write, onReady]);
  return null;
}
