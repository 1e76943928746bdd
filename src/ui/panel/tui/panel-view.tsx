/** Draws the panel: the planned rows, one below the other. */
import { Box } from 'ink';
import type { ReactElement } from 'react';
import type { Theme } from '../../text/line.ts';
import type { PanelRow } from '../rows.ts';
import { Row } from './row.tsx';

/** Draws the rows. `columns` is the terminal's width; the last column stays empty, because some terminals wrap there. */
export function PanelView(props: {
  readonly rows: readonly PanelRow[];
  readonly columns: number;
  readonly theme: Theme;
}): ReactElement {
  return (
    <Box flexDirection="column">
      {props.rows.map((row) => (
        <Row key={row.key} row={row} width={props.columns - 1} theme={props.theme} />
      ))}
    </Box>
  );
}
