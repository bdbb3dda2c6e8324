// The spans as a table: each, or in groups with their numbers.
import { useState } from 'react';
import { Segments } from '@/components/common/Segments';
import { formatCount } from '@/lib/format';
import { GroupTable } from './GroupTable';
import { SpanTable } from './SpanTable';
import type { TraceData } from './useTrace';
import type { Grouping } from './url';
import classes from './Tables.module.css';

const CHOICES: { value: Grouping; title: string }[] = [
  { value: 'span', title: 'Each' },
  { value: 'operation', title: 'By operation' },
  { value: 'service', title: 'By service' },
  { value: 'work', title: 'By kind of work' },
];

interface Props {
  data: TraceData;
  group: Grouping;
  onGroup: (group: Grouping) => void;
  /** Only these; null for all. */
  only: ReadonlySet<number> | null;
  chosen: number | null;
  onGo: (span: number) => void;
  onChoose: (span: number) => void;
  onFind: (text: string) => void;
}

export function TableView({ data, group, onGroup, only, chosen, onGo, onChoose, onFind }: Props) {
  const [count, setCount] = useState(0);
  return (
    <div className={classes.view}>
      <div className={classes.top}>
        <Segments label="Group by" value={group} choices={CHOICES} onChange={onGroup} />
        <span className="num">
          {formatCount(count)} {group === 'span' ? 'spans' : 'groups'}
          {only !== null && ', of those found'}
        </span>
      </div>
      {group === 'span' ? (
        <SpanTable data={data} only={only} chosen={chosen} onGo={onGo} onChoose={onChoose} onCount={setCount} />
      ) : (
        <GroupTable key={group} data={data} by={group} only={only} onFind={onFind} onCount={setCount} />
      )}
    </div>
  );
}
