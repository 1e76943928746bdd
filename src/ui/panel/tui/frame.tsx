/**
 * Ink as a means to lay the panel out and to read keys: renders components to the lines of a frame. Ink's own way to put
 * frames on a terminal counts the lines of the one before, which is wrong after each change of width; screen.ts does
 * that instead.
 */
import { EventEmitter } from 'node:events';
import { render } from 'ink';
import { useLayoutEffect, type ReactElement, type ReactNode } from 'react';

/** What frames are made with. */
export interface FramesOptions {
  readonly stdin: NodeJS.ReadStream;
  /** The terminal's width now. */
  readonly columns: () => number;
  /** Called when the components go: at `end`, and when the process ends in whatever way Ink notices. */
  readonly onEnd: () => void;
}

/** A tree of components and its newest frame. */
export interface Frames {
  /** Renders, and returns the frame's lines, painted, without blanks at their ends. */
  render(node: ReactNode): readonly string[];
  /** Takes the components away, and gives the keyboard back. */
  end(): void;
}

/** Mounts the first components. */
export function createFrames(node: ReactNode, options: FramesOptions): Frames {
  let newest = '';
  const stream = Object.assign(new EventEmitter(), {
    // With `debug`, Ink writes each frame as a whole and at once.
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

/** Tells when it is taken away. */
function Mounted(props: { readonly onEnd: () => void; readonly children: ReactNode }): ReactNode {
  const { onEnd, children } = props;
  useLayoutEffect(() => onEnd, [onEnd]);
  return children;
}
