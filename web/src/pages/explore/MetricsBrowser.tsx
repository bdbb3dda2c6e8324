import { Drawer, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState } from 'react';
import { metadata, metricNames } from '@/api/metadata';
import { tsdbStatus } from '@/api/status';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { MiddleText } from '@/components/common/MiddleText';
import { Segments } from '@/components/common/Segments';
import { useTime } from '@/components/shell/time';
import { formatCount } from '@/lib/format';
import { findMetrics, listMetrics, type Metric, type MetricOrder } from '@/model/metric';
import { MetricDetail } from './MetricDetail';
import classes from './MetricsBrowser.module.css';

interface Props {
  onClose: () => void;
  onInsert: (query: string) => void;
}

const ROW_PX = 28;
const METRICS_MAX = 20_000;
/** Prometheus's own bound of this list. */
const COUNTED_MAX = 10_000;

export function MetricsBrowser({ onClose, onInsert }: Props) {
  const metrics = useMetrics();
  const [text, setText] = useState('');
  const [type, setType] = useState<string | null>(null);
  const [order, setOrder] = useState<MetricOrder>('name');
  const [chosen, setChosen] = useState<string | null>(null);
  const found = useMemo(() => findMetrics(metrics.data, text, type, order), [metrics.data, text, type, order]);
  const current = found.find((metric) => metric.name === chosen) ?? found[0];
  const types = [...new Set(metrics.data.map((metric) => metric.type))].sort();

  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={920}
      title="Metrics"
      padding={0}
      classNames={{ body: classes.body, content: classes.content, header: classes.header }}
    >
      <div className={classes.filters}>
        <TextInput
          data-autofocus
          aria-label="Find a metric"
          placeholder="Find by name or help"
          leftSection={<IconSearch size={13} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && current !== undefined) onInsert(current.name);
          }}
        />
        <Select
          aria-label="Type"
          placeholder="All types"
          data={types}
          value={type}
          onChange={setType}
          clearable
          w={140}
          comboboxProps={{ withinPortal: true, zIndex: 400 }}
        />
        <Segments
          label="Order"
          value={order}
          onChange={setOrder}
          choices={[
            { value: 'name', title: 'By name' },
            { value: 'series', title: 'By series' },
          ]}
        />
      </div>
      {metrics.isLoading && <Loading what="metrics" />}
      {metrics.error !== null && <Failure title="The metrics could not be listed" error={metrics.error} />}
      {!metrics.isLoading && metrics.error === null && (
        <div className={classes.panes}>
          {found.length === 0 ? (
            <Empty title="No metric has these letters" />
          ) : (
            <MetricList metrics={found} current={current?.name} onChoose={setChosen} onInsert={onInsert} />
          )}
          {current !== undefined && <MetricDetail key={current.name} metric={current} onInsert={onInsert} />}
        </div>
      )}
      <footer className={`${classes.foot} num`}>
        {formatCount(found.length)} of {formatCount(metrics.data.length)} metrics with samples in the last hour
      </footer>
    </Drawer>
  );
}

function useMetrics(): { data: Metric[]; isLoading: boolean; error: Error | null } {
  const { now } = useTime();
  const end = Math.floor(now / 1000);
  const names = useQuery({
    queryKey: ['metric-names'],
    queryFn: ({ signal }) => metricNames({ start: end - 3600, end }, METRICS_MAX, signal),
    staleTime: 30_000,
  });
  const about = useQuery({ queryKey: ['metadata'], queryFn: ({ signal }) => metadata(signal), staleTime: 60_000 });
  const counts = useQuery({
    queryKey: ['tsdb', COUNTED_MAX],
    queryFn: ({ signal }) => tsdbStatus(COUNTED_MAX, signal),
    staleTime: 60_000,
  });
  const data = useMemo(
    () => listMetrics(names.data ?? [], about.data ?? {}, counts.data?.seriesCountByMetricName ?? []),
    [names.data, about.data, counts.data],
  );
  return { data, isLoading: names.isLoading, error: names.error };
}

interface ListProps {
  metrics: Metric[];
  current: string | undefined;
  onChoose: (name: string) => void;
  onInsert: (query: string) => void;
}

function MetricList({ metrics, current, onChoose, onInsert }: ListProps) {
  const scroll = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: metrics.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    overscan: 16,
  });
  return (
    <div ref={scroll} className={classes.list} role="listbox" aria-label="Metrics">
      <div style={{ height: list.getTotalSize(), position: 'relative' }}>
        {list.getVirtualItems().map((item) => {
          const metric = metrics[item.index];
          if (metric === undefined) return null;
          return (
            <button
              type="button"
              key={metric.name}
              role="option"
              aria-selected={metric.name === current}
              className={classes.item}
              style={{ top: item.start, height: ROW_PX }}
              onClick={() => onChoose(metric.name)}
              onDoubleClick={() => onInsert(metric.name)}
            >
              <MiddleText text={metric.name} />
              <small>{metric.type === 'unknown' ? '' : metric.type}</small>
              <b className="num">{metric.series === null ? '' : formatCount(metric.series)}</b>
            </button>
          );
        })}
      </div>
    </div>
  );
}
