// A field of a line with its value: to filter by, to group by, to show as a column, to copy.
import { IconColumnInsertRight, IconFilterMinus, IconFilterPlus, IconLayoutList } from '@tabler/icons-react';
import type { AttributeValue } from '@/api/events';
import { Breakable } from '@/components/common/Breakable';
import { CopyButton } from '@/components/common/PageState';
import type { Pair } from '@/model/logs/detail';
import { fieldTerm, hasTerm, not } from '@/model/logs/terms';
import type { LineActions } from './LogDetail';
import classes from './Logs.module.css';

export function PairRow({ pair, actions }: { pair: Pair; actions: LineActions }) {
  const term = fieldTerm(pair.field, pair.value);
  return (
    <div className={classes.pair} data-on={(term !== null && hasTerm(actions.q, term)) || undefined}>
      <span title={pair.field}>
        <Breakable text={pair.key} />
      </span>
      <code data-type={typeof pair.value}>{printPair(pair.value)}</code>
      <span className={classes.tools}>
        {term !== null && (
          <>
            <button
              type="button"
              title="Only lines with this"
              aria-label={`Only lines with ${term}`}
              onClick={() => actions.onTerm(term)}
            >
              <IconFilterPlus size={14} stroke={1.7} />
            </button>
            <button
              type="button"
              title="Only lines without this"
              aria-label={`Only lines without ${term}`}
              onClick={() => actions.onTerm(not(term))}
            >
              <IconFilterMinus size={14} stroke={1.7} />
            </button>
          </>
        )}
        <button
          type="button"
          title="Group by this field"
          aria-label={`Group by ${pair.field}`}
          onClick={() => actions.onGroup(pair.field)}
        >
          <IconLayoutList size={14} stroke={1.7} />
        </button>
        {actions.onColumn !== undefined && (
          <button
            type="button"
            title="A column of the list"
            aria-label={`Column ${pair.field}`}
            aria-pressed={actions.columns?.includes(pair.field)}
            onClick={() => actions.onColumn?.(pair.field)}
          >
            <IconColumnInsertRight size={14} stroke={1.7} />
          </button>
        )}
        <CopyButton text={printPair(pair.value)} label="Copy the value" />
      </span>
    </div>
  );
}

export function printPair(value: AttributeValue): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value, null, 2);
  return value === '' ? '""' : String(value);
}
