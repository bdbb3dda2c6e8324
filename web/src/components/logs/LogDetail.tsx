// Everything about one line, each value to filter by, to group by and to copy.
import { IconArrowsVertical, IconFilterMinus, IconFilterPlus, IconLayoutList, IconTimeline } from '@tabler/icons-react';
import { useState } from 'react';
import type { AttributeValue } from '@/api/events';
import { CopyButton } from '@/components/common/PageState';
import { Segments } from '@/components/common/Segments';
import { JumpLink } from '@/components/trace/JumpLink';
import { partsOf, type Pair } from '@/model/logs/detail';
import { plain, prettyJson, printFullTime, traceJump, type Line } from '@/model/logs/line';
import { fieldTerm, hasTerm, not } from '@/model/logs/terms';
import { Marked } from './Marked';
import classes from './Logs.module.css';

export interface LineActions {
  /** The search that runs: its terms are marked. */
  q: string;
  onTerm: (term: string) => void;
  onGroup: (field: string) => void;
  onContext: (id: string) => void;
}

interface Props {
  line: Line;
  utc: boolean;
  pattern: RegExp | null;
  actions: LineActions;
}

export function LogDetail({ line, utc, pattern, actions }: Props) {
  const [view, setView] = useState<'fields' | 'json'>('fields');
  const { wire } = line;
  const trace = traceJump(wire);
  const body = plain(wire.body);
  const pretty = prettyJson(body);
  const json = (): string => JSON.stringify(wire, null, 2);
  return (
    <div className={`${classes.detail} ${classes.sev}`} data-severity={line.severity} data-testid="log-detail">
      <div className={classes.bar}>
        <Segments
          label="How to show it"
          value={view}
          choices={[
            { value: 'fields', title: 'Fields' },
            { value: 'json', title: 'JSON' },
          ]}
          onChange={setView}
        />
        {trace !== null && (
          <JumpLink to={trace}>
            <IconTimeline size={14} stroke={1.8} />
            {wire.span_id == null || wire.span_id === '' ? 'Trace' : 'Trace, at its span'}
          </JumpLink>
        )}
        <button type="button" className={classes.act} onClick={() => actions.onContext(line.id)}>
          <IconArrowsVertical size={14} stroke={1.8} />
          Lines around it
        </button>
        <span className="num">{printFullTime(line.at, utc)}</span>
        <CopyButton text={json} label="Copy the line as JSON" />
      </div>
      {view === 'json' ? (
        <pre className={classes.body}>{json()}</pre>
      ) : (
        <>
          {body !== '' && (
            <div className={classes.bodyBox}>
              <pre className={classes.body}>
                <Marked text={pretty ?? body} pattern={pattern} />
              </pre>
              <CopyButton text={wire.body} label="Copy the message" />
            </div>
          )}
          <div className={classes.columns}>
            {partsOf(wire).map((part) => (
              <section key={part.title} className={classes.part} aria-label={part.title}>
                <h4>{part.title}</h4>
                {part.pairs.map((pair) => (
                  <PairRow key={pair.field} pair={pair} actions={actions} />
                ))}
              </section>
            ))}
          </div>
        </>
      )}
    </div>
  );
}

function PairRow({ pair, actions }: { pair: Pair; actions: LineActions }) {
  const term = fieldTerm(pair.field, pair.value);
  return (
    <div className={classes.pair} data-on={(term !== null && hasTerm(actions.q, term)) || undefined}>
      <span title={pair.field}>{pair.key}</span>
      <code data-type={typeof pair.value}>{print(pair.value)}</code>
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
        <CopyButton text={print(pair.value)} label="Copy the value" />
      </span>
    </div>
  );
}

function print(value: AttributeValue): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value, null, 2);
  return value === '' ? '""' : String(value);
}
