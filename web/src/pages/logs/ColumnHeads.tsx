// The names of the columns chosen, above the list.
import { IconX } from '@tabler/icons-react';
import type { LineActions } from '@/components/logs/LogDetail';
import { rowGrid, type RowLook } from '@/components/logs/LogRow';
import { unquote } from '@/model/logs/columns';
import classes from './Logs.module.css';

export function ColumnHeads({ look, actions }: { look: RowLook; actions: LineActions }) {
  if (look.columns.length === 0) return null;
  return (
    <div className={classes.heads} style={{ gridTemplateColumns: rowGrid(look) }} data-testid="column-heads">
      <i />
      <span className={classes.timeHead}>Time</span>
      <span />
      <span>Service</span>
      {look.columns.map((field) => (
        <span key={field} title={field}>
          <b>{unquote(field).replace(/^resource\./, '')}</b>
          <button type="button" aria-label={`Without column ${field}`} onClick={() => actions.onColumn?.(field)}>
            <IconX size={12} stroke={2} />
          </button>
        </span>
      ))}
      <span>Message</span>
    </div>
  );
}
