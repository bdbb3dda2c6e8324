// The releases of a service that ran in the time range.
import { Ago } from '@/components/common/Ago';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { formatCount } from '@/lib/format';
import { quoteValue } from '@/model/trace/query';
import { printMoment } from '@/model/timeRange';
import { deploysOf, shortRelease, type Release } from '@/model/services/release';
import { tracesOf } from '@/model/services/jumps';
import classes from './Service.module.css';

interface Props {
  service: string;
  releases: readonly Release[];
  isKnown: boolean;
}

const SHOWN = 8;

export function Deploys({ service, releases, isKnown }: Props) {
  const { resolved, range, utc } = useTime();
  const came = new Set(deploysOf(releases, resolved.from, resolved.to));
  const named = releases.filter((one) => one.name !== '');
  return (
    <section className={classes.panel} aria-label="Releases">
      <header className={classes.panelHead}>
        <h2>Releases</h2>
      </header>
      {named.slice(0, SHOWN).map((release) => (
        <div key={release.name} className={classes.release}>
          <JumpLink to={tracesOf(service, range, { q: `release=${quoteValue(release.name)}` })} title={release.name}>
            <code>{shortRelease(release.name)}</code>
          </JumpLink>
          <span className="num" title={printMoment(release.first, utc)}>
            {came.has(release) ? (
              <>
                came <Ago at={release.first} />
              </>
            ) : (
              'ran before'
            )}
          </span>
          <span className={`${classes.right} num`}>{formatCount(release.spans)} spans</span>
        </div>
      ))}
      {named.length > SHOWN && <p className={classes.none}>and {named.length - SHOWN} more</p>}
      {named.length === 0 && (
        <p className={classes.none}>
          {isKnown ? 'Its spans name no release: set service.version in the resource.' : 'Loading…'}
        </p>
      )}
    </section>
  );
}
