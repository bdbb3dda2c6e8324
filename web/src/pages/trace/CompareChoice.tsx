// Which trace to compare with: others of the same operation, or any by its id.
import { Button, TextInput } from '@mantine/core';
import { IconAlertTriangleFilled, IconArrowsDiff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { searchTraces } from '@/api/traces';
import { Ago } from '@/components/common/Ago';
import { Empty } from '@/components/common/PageState';
import { backToList } from '@/components/trace/lastList';
import { formatCount, formatSeconds } from '@/lib/format';
import { toMillis } from '@/model/trace/instant';
import { composeQuery } from '@/model/trace/query';
import { readSummary, type Summary } from '@/model/trace/summary';
import type { TraceData } from './useTrace';
import classes from './Compare.module.css';

interface Props {
  data: TraceData;
  onOther: (id: string) => void;
}

export function CompareChoice({ data, onOther }: Props) {
  const [text, setText] = useState('');
  // An address of a trace has its id in it.
  const id = /[0-9a-f]{16,32}/i.exec(text)?.[0] ?? text.trim();
  return (
    <div className={classes.scroll}>
      <Empty title="Which trace to compare with?">
        <form
          className={classes.choose}
          onSubmit={(event) => {
            event.preventDefault();
            if (id !== '') onOther(id.toLowerCase());
          }}
        >
          <TextInput
            aria-label="Id of the other trace"
            placeholder="Its id or address"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            w={320}
          />
          <Button type="submit" variant="filled" disabled={id === ''}>
            Compare
          </Button>
        </form>
        <p>
          Or choose two in the{' '}
          <Link to="/traces" search={backToList}>
            list of traces
          </Link>
          .
        </p>
        {!data.isFromFile && <Alike data={data} onOther={onOther} />}
      </Empty>
    </div>
  );
}

/** What ran then ran with the same releases and the same load. */
const AROUND_S = 3600;
const SHOWN = 12;

/** Others of the same operation around the same time. */
function Alike({ data, onOther }: Props) {
  const { trace } = data;
  const root = trace.root ?? trace.spans[0];
  const at = toMillis(trace.start) / 1000;
  const q = composeQuery({
    q: '',
    service: root?.service ?? null,
    operation: root?.name ?? null,
    errors: false,
    own: true,
  });
  const found = useQuery({
    queryKey: ['traces-alike', q, at],
    queryFn: ({ signal }) =>
      searchTraces({ q, start: at - AROUND_S, end: at + AROUND_S, limit: SHOWN + 1, order: 'recent' }, signal),
    retry: false,
  });
  const others = useMemo(
    () =>
      (found.data?.traces ?? [])
        .map(readSummary)
        .filter((one) => one.id !== trace.id)
        .slice(0, SHOWN),
    [found.data, trace.id],
  );
  if (others.length === 0) return null;
  const longest = others.reduce<number>((most, one) => Math.max(most, one.duration), trace.duration);
  return (
    <section className={classes.alike} aria-label="Of the same operation">
      <h3>
        Of the same operation, within an hour of this one, which took{' '}
        <b className="num">{formatSeconds(trace.duration / 1e9)}</b>
      </h3>
      {others.map((one) => (
        <Other key={one.id} one={one} longest={longest} onChoose={() => onOther(one.id)} />
      ))}
    </section>
  );
}

function Other({ one, longest, onChoose }: { one: Summary; longest: number; onChoose: () => void }) {
  return (
    <button type="button" onClick={onChoose} title={one.id}>
      <IconArrowsDiff size={14} stroke={1.7} />
      <span className="num">
        <Ago at={one.at} />
      </span>
      <b className="num">{formatSeconds(one.duration / 1e9)}</b>
      <i>
        <b style={{ width: `${Math.max(1, (one.duration / longest) * 100)}%` }} />
      </i>
      <span className="num">{formatCount(one.spans)} spans</span>
      <span className="num">
        {one.errors > 0 && (
          <em>
            <IconAlertTriangleFilled size={12} /> {formatCount(one.errors)}
          </em>
        )}
      </span>
    </button>
  );
}
