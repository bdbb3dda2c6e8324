import {
  IconAlertTriangleFilled,
  IconArrowsSplit2,
  IconChartPie,
  IconClockExclamation,
  IconCopy,
  IconGhost2,
  IconHourglassEmpty,
  IconRepeat,
  IconScissors,
} from '@tabler/icons-react';
import { Empty } from '@/components/common/PageState';
import { formatCount, formatSeconds } from '@/lib/format';
import type { Finding, FindingKind, Severity } from '@/model/trace/findings';
import classes from './Findings.module.css';

const ICONS: Record<FindingKind, typeof IconRepeat> = {
  error: IconAlertTriangleFilled,
  repeated: IconRepeat,
  sequential: IconArrowsSplit2,
  time: IconChartPie,
  gap: IconHourglassEmpty,
  skew: IconClockExclamation,
  missing: IconGhost2,
  duplicate: IconCopy,
  truncated: IconScissors,
};

const KINDS: Record<FindingKind, string> = {
  error: 'Error',
  repeated: 'Repeated',
  sequential: 'One after the other',
  time: 'Where the time went',
  gap: 'Gap',
  skew: 'Clocks',
  missing: 'Missing',
  duplicate: 'Duplicate',
  truncated: 'Cut',
};

const WORDS: Record<Severity, string> = { bad: 'grave', warn: 'worth a look', note: 'note' };

interface Props {
  findings: readonly Finding[];
  active: string | null;
  onActivate: (finding: Finding | null) => void;
}

/** What stands out in a trace. A click shows the spans it is about. */
export function Findings({ findings, active, onActivate }: Props) {
  if (findings.length === 0) return <Empty title="Nothing stands out" />;
  return (
    <ul className={classes.list}>
      {findings.map((finding) => {
        const Icon = ICONS[finding.kind];
        const isActive = finding.id === active;
        return (
          <li key={finding.id} data-severity={finding.severity} data-kind={finding.kind}>
            <button
              type="button"
              aria-pressed={isActive}
              title={finding.detail}
              onClick={() => onActivate(isActive ? null : finding)}
            >
              <Icon size={15} stroke={1.7} className={classes.icon} />
              <span className={classes.body}>
                <small>
                  {KINDS[finding.kind]}
                  {finding.severity !== 'note' && <span> · {WORDS[finding.severity]}</span>}
                  {finding.spans.length > 0 && (
                    <em className="num">
                      {formatCount(finding.spans.length)} {finding.spans.length === 1 ? 'span' : 'spans'}
                    </em>
                  )}
                </small>
                <span>{finding.title}</span>
                {finding.code !== undefined && <code>{finding.code}</code>}
                {finding.shares !== undefined && <Shares shares={finding.shares} />}
                {isActive && finding.detail !== undefined && <span className={classes.detail}>{finding.detail}</span>}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Shares({ shares }: { shares: NonNullable<Finding['shares']> }) {
  const most = Math.max(...shares.map((one) => one.share), 0);
  return (
    <span className={classes.shares}>
      {shares.map((one) => (
        <span key={one.label} className="num">
          <span>{one.label}</span>
          <i>
            <b style={{ width: `${Math.max(1, (one.share / most) * 100)}%` }} />
          </i>
          <span>{formatSeconds(one.value / 1e9)}</span>
          <span>{one.share < 0.01 ? '<1' : Math.round(one.share * 100)} %</span>
        </span>
      ))}
    </span>
  );
}
