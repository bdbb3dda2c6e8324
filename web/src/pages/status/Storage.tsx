import { useQuery } from '@tanstack/react-query';
import { ApiError } from '@/api/client';
import { tsdbBlocks, type TsdbBlock } from '@/api/status';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { formatBytes, formatCount, formatSeconds } from '@/lib/format';
import { printMoment } from '@/model/timeRange';
import { EventsKept } from './EventsKept';
import classes from './Status.module.css';

export function Storage() {
  return (
    <>
      <EventsKept />
      <Blocks />
    </>
  );
}

function Blocks() {
  const { now } = useTime();
  const blocks = useQuery({
    queryKey: ['blocks', now],
    queryFn: ({ signal }) => tsdbBlocks(signal),
    placeholderData: (last) => last,
    retry: false,
  });
  if (blocks.isLoading) return <Loading what="blocks" />;
  if (blocks.error instanceof ApiError && blocks.error.isMissing) {
    return <Empty title="This server does not list its blocks">Prometheus does since 3.6, Pharos always.</Empty>;
  }
  if (blocks.data === undefined)
    return (
      <Failure title="The blocks could not be listed" error={blocks.error} onRetry={() => void blocks.refetch()} />
    );
  if (blocks.data.length === 0) {
    return (
      <Empty title="No block yet">
        Samples stay in memory and in the log first; the first block is cut after two to three hours.
      </Empty>
    );
  }
  return <BlockTable blocks={blocks.data} />;
}

function BlockTable({ blocks }: { blocks: TsdbBlock[] }) {
  const { utc } = useTime();
  const sorted = [...blocks].sort((a, b) => b.maxTime - a.maxTime || b.minTime - a.minTime);
  const [first, last] = [
    Math.min(...blocks.map((block) => block.minTime)),
    Math.max(...blocks.map((block) => block.maxTime)),
  ];
  const samples = blocks.reduce((sum, block) => sum + (block.stats?.numSamples ?? 0), 0);
  return (
    <section className={classes.card} aria-label="Blocks">
      <h2>
        Blocks{' '}
        <span className="muted num">
          {formatCount(blocks.length)} with {formatCount(samples)} samples, {formatSeconds((last - first) / 1000)} in
          all
        </span>
      </h2>
      <table className={classes.table}>
        <thead>
          <tr>
            <th>Block</th>
            <th>From</th>
            <th>Length</th>
            <th className={classes.wide}>Where it lies</th>
            <th>Level</th>
            <th>Series</th>
            <th>Samples</th>
            <th>Size</th>
          </tr>
        </thead>
        <tbody className="num">
          {sorted.map((block) => (
            <tr key={block.ulid}>
              <td>
                <code>{block.ulid}</code>
              </td>
              <td className="date">{printMoment(block.minTime, utc)}</td>
              <td>{formatSeconds((block.maxTime - block.minTime) / 1000)}</td>
              <td className={classes.wide}>
                <span className={classes.span}>
                  <i
                    style={{
                      left: `${((block.minTime - first) / Math.max(1, last - first)) * 100}%`,
                      width: `${((block.maxTime - block.minTime) / Math.max(1, last - first)) * 100}%`,
                    }}
                  />
                </span>
              </td>
              <td>{block.compaction?.level ?? '–'}</td>
              <td>{print(block.stats?.numSeries)}</td>
              <td>{print(block.stats?.numSamples)}</td>
              <td>{block.stats?.numBytes === undefined ? '–' : formatBytes(block.stats.numBytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function print(count: number | undefined): string {
  return count === undefined ? '–' : formatCount(count);
}
