// This trace beside another: what is new, gone, slower, faster, by path.
import { Button } from '@mantine/core';
import { IconArrowsExchange } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Failure, Loading } from '@/components/common/PageState';
import { keepShell } from '@/components/shell/shellUrl';
import { ServiceTag } from '@/components/trace/ServiceTag';
import { formatCount, formatSeconds } from '@/lib/format';
import { compareTrees, summarise, type Change, type CompareRow } from '@/model/trace/compare';
import { CompareChoice } from './CompareChoice';
import { CompareTable, CHANGES } from './CompareTable';
import { useTrace, type TraceData } from './useTrace';
import classes from './Compare.module.css';

interface Props {
  data: TraceData;
  other: string | null;
  onOther: (id: string | null) => void;
}

export function CompareView({ data, other, onOther }: Props) {
  const { data: found, error, isLoading, refetch } = useTrace(other, data.isAligned);
  if (other === null) return <CompareChoice data={data} onOther={onOther} />;
  if (isLoading) return <Loading what="the other trace" />;
  if (found === null) {
    return (
      <>
        <CompareChoice data={data} onOther={onOther} />
        <Failure title="The other trace could not be loaded" error={error} onRetry={refetch} />
      </>
    );
  }
  return <Compared before={data} after={found} onOther={onOther} />;
}

/** Nobody measures less than this. */
const AS_LONG_NS = 1e4;

function Compared({ before, after, onOther }: { before: TraceData; after: TraceData; onOther: Props['onOther'] }) {
  const [only, setOnly] = useState<Change | null>(null);
  const rows = useMemo(() => compareTrees(before.tree(), after.tree()), [before, after]);
  const { counts, culprits } = useMemo(() => summarise(rows), [rows]);
  const shown = useMemo(() => (only === null ? rows : rows.filter((row) => row.change === only)), [rows, only]);
  const by = after.trace.duration - before.trace.duration;
  return (
    <div className={classes.compare}>
      <div className={classes.top}>
        <Side title="A" data={before} />
        <IconArrowsExchange size={16} stroke={1.6} className={classes.between} />
        <Side title="B" data={after} />
        <p className="num">
          {Math.abs(by) < AS_LONG_NS ? (
            'B took as long as A'
          ) : (
            <>
              B took{' '}
              <b data-worse={by > 0 || undefined}>
                {formatSeconds(Math.abs(by) / 1e9)} {by > 0 ? 'longer' : 'less'}
              </b>
            </>
          )}
          {culprits.length > 0 && by > 0 && (
            <>
              ; most of it in <Culprits rows={culprits} />
            </>
          )}
        </p>
        <Button variant="subtle" color="gray" onClick={() => onOther(null)}>
          Another
        </Button>
      </div>
      <div className={classes.chips} role="group" aria-label="Change">
        <button type="button" aria-pressed={only === null} onClick={() => setOnly(null)}>
          All <b className="num">{formatCount(rows.length)}</b>
        </button>
        {CHANGES.filter(({ change }) => counts[change] > 0).map(({ change, title }) => (
          <button
            type="button"
            key={change}
            data-change={change}
            aria-pressed={only === change}
            onClick={() => setOnly(only === change ? null : change)}
          >
            {title} <b className="num">{formatCount(counts[change])}</b>
          </button>
        ))}
      </div>
      <CompareTable rows={shown} isTree={only === null} />
    </div>
  );
}

function Side({ title, data }: { title: string; data: TraceData }) {
  const root = data.trace.root ?? data.trace.spans[0];
  return (
    <div className={classes.side}>
      <b>{title}</b>
      <Link to="/traces/$traceId" params={{ traceId: data.trace.id }} search={keepShell} title={data.trace.id}>
        {root?.service} {root?.name}
      </Link>
      <span className="num">
        {formatSeconds(data.trace.duration / 1e9)} · {formatCount(data.trace.spans.length)} spans
        {data.trace.errors > 0 && ` · ${formatCount(data.trace.errors)} errors`}
      </span>
    </div>
  );
}

function Culprits({ rows }: { rows: readonly CompareRow[] }) {
  return rows.map((row, index) => (
    <span key={row.key} className={classes.culprit}>
      {index > 0 && ', '}
      <ServiceTag name={`${row.service}: ${row.name}`} service={row.service} /> +{formatSeconds(row.selfBy / 1e9)}
    </span>
  ));
}
