import { IconBulb, IconChevronRight, IconExternalLink } from '@tabler/icons-react';
import type { WireTarget } from '@/api/targets';
import { Ago } from '@/components/common/Ago';
import { LabelList } from '@/components/common/LabelList';
import { StateMark } from '@/components/common/StateMark';
import { formatSeconds } from '@/lib/format';
import { stripKey, type Cell } from '@/model/healthStrip';
import { lastScrapeAt, tellingLabels, timeoutShare } from '@/model/target';
import { HealthStrip } from './HealthStrip';
import { TargetDetail } from './TargetDetail';
import classes from './Targets.module.css';

interface Props {
  target: WireTarget;
  strips: Map<string, Cell[]>;
  isOpen: boolean;
  onToggle: () => void;
}

export function TargetRow({ target, strips, isOpen, onToggle }: Props) {
  const at = lastScrapeAt(target);
  return (
    <div className={classes.target} data-health={target.health} data-open={isOpen || undefined}>
      <div className={classes.grid} onClick={onToggle}>
        <StateMark state={target.health} />
        <span className={classes.endpoint}>
          <code title={target.scrapeUrl}>
            {target.scrapeUrl.replace(/^https?:\/\//, (scheme) => (scheme === 'http://' ? '' : scheme))}
          </code>
          <a
            href={target.globalUrl || target.scrapeUrl}
            target="_blank"
            rel="noreferrer"
            aria-label="Open the endpoint"
            onClick={(event) => event.stopPropagation()}
          >
            <IconExternalLink size={13} stroke={1.7} />
          </a>
        </span>
        <TellingLabels target={target} />
        <HealthStrip cells={strips.get(stripKey(target.labels))} />
        <span className="num">
          {at === null ? 'not yet' : <Ago at={at} />}
          <small className="muted"> / {target.scrapeInterval}</small>
        </span>
        <Took target={target} />
        <button type="button" className={classes.more} aria-expanded={isOpen} aria-label="Labels and relabeling">
          <IconChevronRight size={15} />
        </button>
      </div>
      {target.lastError !== '' && (
        <div className={classes.error}>
          <p>{target.lastError}</p>
          {target.advice !== undefined && target.advice !== '' && (
            <p className={classes.advice} data-testid="advice">
              <IconBulb size={15} stroke={1.7} />
              {target.advice}
            </p>
          )}
        </div>
      )}
      {target.lastWarning !== undefined && target.lastWarning !== '' && (
        <div className={classes.error} data-kind="warning">
          <p>{target.lastWarning}</p>
        </div>
      )}
      {isOpen && <TargetDetail pool={target.scrapePool} discovered={target.discoveredLabels} final={target.labels} />}
    </div>
  );
}

/** Not again what the row says already: the pool and the address. All are one click away. */
function TellingLabels({ target }: { target: WireTarget }) {
  const labels = tellingLabels(target);
  if (Object.keys(labels).length === 0) return <span className="muted">job, instance</span>;
  return <LabelList labels={labels} />;
}

/** Against the timeout: a bar that is nearly full will soon be a failure. */
function Took({ target }: { target: WireTarget }) {
  const share = timeoutShare(target);
  return (
    <span className={`${classes.took} num`} title={`Timeout ${target.scrapeTimeout}`}>
      {formatSeconds(target.lastScrapeDuration)}
      <i>
        <b
          style={{ width: `${Math.max(2, share * 100)}%` }}
          data-level={share > 0.9 ? 'bad' : share > 0.6 ? 'warn' : undefined}
        />
      </i>
    </span>
  );
}
