/** Draws one line of the panel: its cells side by side, each cut to its width and one line high. */
import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import { paint, type Theme } from '../../text/line.ts';
import type { Cell, PanelRow } from '../rows.ts';

/** Draws one row. `width` is the panel's width in columns. */
export function Row(props: {
  readonly row: PanelRow;
  readonly width: number;
  readonly theme: Theme;
}): ReactElement {
  const { row, width, theme } = props;
  return (
    <Box width={width} height={1} overflow="hidden">
      {row.cells.map((cell, index) => (
        <CellBox key={index} cell={cell} theme={theme} />
      ))}
    </Box>
  );
}

function CellBox(props: { readonly cell: Cell; readonly theme: Theme }): ReactElement {
  const { cell, theme } = props;
  const text = <Text wrap="truncate-end">{paint(cell.line, theme)}</Text>;
  if (cell.width === undefined) {
    return (
      <Box flexGrow={1} flexShrink={1} flexBasis={0} minWidth={0}>
        {text}
      </Box>
    );
  }
  return (
    <Box
      width={cell.width}
      flexShrink={0}
      justifyContent={cell.align === 'right' ? 'flex-end' : 'flex-start'}
      paddingRight={1}
    >
      {text}
    </Box>
  );
}
