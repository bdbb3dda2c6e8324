// Everything about one line, each value to filter by, to group by and to copy.
import { IconArrowsVertical, IconTimeline } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { eventContext, type WireLog } from '@/api/events';
import { CopyButton } from '@/components/common/PageState';
import { Segments } from '@/components/common/Segments';
import { JumpLink } from '@/components/trace/JumpLink';
import { blocksOf, partsOf, withoutBlocks } from '@/model/logs/detail';
import { plain, prettyJson, printFullTime, traceJump, type Line } from '@/model/logs/line';
import { LongText } from './LongText';
import { PairRow, printPair } from './PairRow';
import classes from './Logs.module.css';

export interface LineActions {
  /** The search that runs: its terms are marked. */
  q: string;
  onTerm: (term: string) => void;
  onGroup: (field: string) => void;
  /** Fields that have a column, and how one is given or taken back; absent where lines are in no list. */
  columns?: readonly string[];
  onColumn?: (field: string) => void;
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
  const { wire, isCut } = useWhole(line.wire);
  const trace = traceJump(wire);
  const body = plain(wire.body);
  const pretty = prettyJson(body);
  const parts = partsOf(wire);
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
        {isCut && <span role="status">Loading the whole of it…</span>}
      </div>
      {view === 'json' ? (
        <LongText text={json()} pattern={null} />
      ) : (
        <>
          {body !== '' && (
            <div className={classes.bodyBox}>
              <LongText text={pretty ?? body} pattern={pattern} />
              <CopyButton text={wire.body} label="Copy the message" />
            </div>
          )}
          {blocksOf(parts).map((pair) => (
            <section key={pair.field} className={classes.part} aria-label={pair.key}>
              <h4>{pair.key}</h4>
              <div className={classes.bodyBox}>
                <LongText text={printPair(pair.value)} pattern={pattern} />
                <CopyButton text={printPair(pair.value)} label="Copy the value" />
              </div>
            </section>
          ))}
          <div className={classes.columns}>
            {withoutBlocks(parts).map((part) => (
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

/** The line with all of its texts: lists have them cut. */
function useWhole(listed: WireLog): { wire: WireLog; isCut: boolean } {
  const isClipped = listed.clipped === true;
  const { data, isLoading } = useQuery({
    queryKey: ['log-whole', listed.id],
    queryFn: ({ signal }) => eventContext(listed.id, { before: 0, after: 0 }, signal),
    enabled: isClipped,
    staleTime: Infinity,
    // A megabyte each.
    gcTime: 30_000,
  });
  return { wire: data?.event ?? listed, isCut: isClipped && isLoading };
}
