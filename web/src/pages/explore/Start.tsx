import { Button } from '@mantine/core';
import { IconBooks } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { metricNames } from '@/api/metadata';
import { Empty } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { loadPast } from '@/model/history';
import classes from './Explore.module.css';

/** Queries worth a look, in order; those whose metric exists are offered. */
const STARTERS: { metric: string; title: string; query: string }[] = [
  { metric: 'up', title: 'Which targets answer', query: 'up' },
  {
    metric: 'node_cpu_seconds_total',
    title: 'CPU in use, by mode',
    query: 'sum by (mode) (rate(node_cpu_seconds_total{mode!="idle"}[5m]))',
  },
  { metric: 'node_memory_MemAvailable_bytes', title: 'Memory available', query: 'node_memory_MemAvailable_bytes' },
  {
    metric: 'node_network_receive_bytes_total',
    title: 'Network received',
    query: 'sum by (device) (rate(node_network_receive_bytes_total[5m]))',
  },
  { metric: 'process_resident_memory_bytes', title: 'Memory of each process', query: 'process_resident_memory_bytes' },
  { metric: 'scrape_samples_scraped', title: 'Samples of each scrape', query: 'scrape_samples_scraped' },
  { metric: 'scrape_duration_seconds', title: 'How long scrapes take', query: 'scrape_duration_seconds' },
  { metric: 'prometheus_tsdb_head_series', title: 'Series in memory', query: 'prometheus_tsdb_head_series' },
];

const FILL = `scrape_configs:
  - job_name: app
    static_configs: [{ targets: ['localhost:8080'] }]`;

interface Props {
  onQuery: (query: string) => void;
  onBrowse: () => void;
}

export function Start({ onQuery, onBrowse }: Props) {
  const { now } = useTime();
  const end = Math.floor(now / 1000);
  const names = useQuery({
    queryKey: ['metric-names'],
    queryFn: ({ signal }) => metricNames({ start: end - 3600, end }, 20_000, signal),
    staleTime: 30_000,
  });
  const known = new Set(names.data);
  const recent = loadPast('promql').slice(0, 5);

  if (names.data?.length === 0) {
    return (
      <Empty title="No samples in the last hour" lines={FILL}>
        These lines in <code>prometheus.yml</code> scrape an application that shows its metrics under{' '}
        <code>/metrics</code>.
      </Empty>
    );
  }
  return (
    <div className={classes.start}>
      <section>
        <h2>Start with</h2>
        <div className={classes.offers}>
          {STARTERS.filter((one) => known.has(one.metric))
            .slice(0, 6)
            .map((one) => (
              <button type="button" key={one.query} onClick={() => onQuery(one.query)}>
                <span>{one.title}</span>
                <code>{one.query}</code>
              </button>
            ))}
        </div>
        <Button leftSection={<IconBooks size={14} stroke={1.7} />} onClick={onBrowse} mt="sm">
          Browse {names.data === undefined ? 'all' : names.data.length} metrics
        </Button>
      </section>
      {recent.length > 0 && (
        <section>
          <h2>Run before</h2>
          <div className={classes.offers}>
            {recent.map((one) => (
              <button type="button" key={one.query} onClick={() => onQuery(one.query)}>
                <code>{one.query}</code>
              </button>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}
