/**
 * Uses Ink only to lay out the panel and to read keys: it renders components to the lines of a frame. screen.ts writes
 * the frame. Ink's own output counts the lines of the previous frame, and that count is wrong after a change of width.
 */
import { EventEmitter } from 'node:events';
import { render } from 'ink';
import { useLayoutEffect, type ReactElement, type ReactNode } from 'react';

/** The keyboard and the width for the frames. */
export interface FramesOptions {
  readonly stdin: NodeJS.ReadStream;
  /** The terminal's current width in columns. */
  readonly columns: () => number;
  /** Called when the components are unmounted: by `end`, or because Ink notices that the process ends. */
  readonly onEnd: () => void;
}

/** A mounted tree of components. */
export interface Frames {
  /** Renders the content and returns the painted lines of the frame, without blanks at their ends. */
  render(node: ReactNode): readonly string[];
  /** Unmounts the components and stops reading the keyboard. */
  end(): void;
}

/** Mounts a tree of components. Its keyboard input is read from `options.stdin`. */
export function createFrames(node: ReactNode, options: FramesOptions): Frames {
  let newest = '';
  const stream = Object.assign(new EventEmitter(), {
    // With `debug`, Ink writes each frame immediately and in one piece.
    write(text: string, done?: () => void): boolean {
      newest = text;
      done?.();
      return true;
    },
  });
  Object.defineProperty(stream, 'columns', { get: options.columns });
  const output = stream as unknown as NodeJS.WriteStream;
  const tree = (content: ReactNode): ReactElement => <Mounted onEnd={options.onEnd}>{content}</Mounted>;
  const ink = render(tree(node), {
    stdout: output,
    stderr: output,
    stdin: options.stdin,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  return {
    render(content) {
      ink.rerender(tree(content));
      return newest === '' ? [] : newest.split('\n');
    },
    end: () => ink.unmount(),
  };
}

/** Calls `onEnd` when it is unmounted. */
function Mounted(props: { readonly onEnd: () => void; readonly children: ReactNode }): ReactNode {
  const { onEnd, children } = props;
  useLayoutEffect(() => onEnd, [onEnd]);
  return children;
}
