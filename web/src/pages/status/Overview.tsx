import { useQuery } from '@tanstack/react-query';
import { buildInfo, features, runtimeInfo, tsdbStatus, walReplay, type TsdbStatus } from '@/api/status';
import { Ago } from '@/components/common/Ago';
import { Failure, Loading } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { formatCount, formatSeconds } from '@/lib/format';
import { buildFacts, runtimeFacts, type Fact } from '@/model/statusFacts';
import { printMoment } from '@/model/timeRange';
import classes from './Status.module.css';

/** The lists of the cardinality view are not needed here. */
const TOP = 1;

export function Overview() {
  const { utc, now } = useTime();
  const runtime = useQuery({
    queryKey: ['runtime', now],
    queryFn: ({ signal }) => runtimeInfo(signal),
    placeholderData: (last) => last,
  });
  const build = useQuery({ queryKey: ['build'], queryFn: ({ signal }) => buildInfo(signal) });
  const tsdb = useQuery({
    queryKey: ['tsdb', TOP, now],
    queryFn: ({ signal }) => tsdbStatus(TOP, signal),
    placeholderData: (last) => last,
  });
  const replay = useQuery({ queryKey: ['replay'], queryFn: ({ signal }) => walReplay(signal), retry: false });
  const known = useQuery({ queryKey: ['features'], queryFn: ({ signal }) => features(signal), retry: false });

  if (runtime.isLoading || build.isLoading) return <Loading what="the server's state" />;
  if (runtime.data === undefined)
    return (
      <Failure title="The server did not say how it is" error={runtime.error} onRetry={() => void runtime.refetch()} />
    );
  const replayed = replay.data;
  const isReplaying = replayed !== undefined && replayed.max > 0 && replayed.current < replayed.max;
  return (
    <>
      {tsdb.data !== undefined && <HeadTiles head={tsdb.data.headStats} utc={utc} />}
      {isReplaying && (
        <p className={classes.note} role="status">
          The log is being replayed: segment {formatCount(replayed.current)} of {formatCount(replayed.max)}.
        </p>
      )}
      <div className={classes.columns}>
        <FactList title="Running" facts={runtimeFacts(runtime.data, utc)} />
        <div className={classes.column}>
          <FactList title="Build" facts={buildFacts(build.data ?? {})} />
          {known.data !== undefined && <FeatureList features={known.data} />}
        </div>
      </div>
    </>
  );
}

function HeadTiles({ head, utc }: { head: TsdbStatus['headStats']; utc: boolean }) {
  const isEmpty = head.numSeries === 0 || head.maxTime < head.minTime;
  const tiles: [string, string, string][] = [
    ['Series in memory', formatCount(head.numSeries), ''],
    ['Label pairs', formatCount(head.numLabelPairs), ''],
    ['Chunks', formatCount(head.chunkCount), ''],
    [
      'Oldest in memory',
      isEmpty ? '–' : printMoment(head.minTime, utc),
      isEmpty ? '' : `spans ${formatSeconds((head.maxTime - head.minTime) / 1000)}`,
    ],
  ];
  return (
    <div className={classes.tiles} data-testid="head">
      {tiles.map(([name, value, more]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className={name === 'Oldest in memory' ? 'date' : 'num'}>{value}</dd>
          {more !== '' && <small className="num">{more}</small>}
        </div>
      ))}
    </div>
  );
}

function FactList({ title, facts }: { title: string; facts: Fact[] }) {
  return (
    <section className={classes.card} aria-label={title}>
      <h2>{title}</h2>
      <dl className={classes.facts}>
        {facts.map((fact) => (
          <div key={fact.name} data-bad={fact.isBad || undefined}>
            <dt>{fact.name}</dt>
            <dd className={fact.at === undefined ? 'num' : 'date'}>
              {fact.value}
              {fact.at !== undefined && (
                <small>
                  <Ago at={fact.at} />
                </small>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function FeatureList({ features: all }: { features: Record<string, Record<string, boolean>> }) {
  const groups = Object.entries(all).map(([group, entries]) => ({
    group,
    on: Object.entries(entries).filter(([, isOn]) => isOn),
    total: Object.keys(entries).length,
  }));
  return (
    <section className={classes.card} aria-label="Features">
      <h2>Features</h2>
      <dl className={classes.facts}>
        {groups.map(({ group, on, total }) => (
          <div key={group}>
            <dt>{group.replace(/_/g, ' ')}</dt>
            <dd className="num" title={on.map(([name]) => name).join(', ')}>
              {on.length} of {total} on
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
