import { formatCount } from '@/lib/format';
import { severityTerm, type Severity } from '@/model/logs/severity';
import { hasTerm } from '@/model/logs/terms';
import type { Volume } from '@/model/logs/volume';
import classes from './Logs.module.css';

interface Props {
  volume: Volume;
  q: string;
  /** With Ctrl, ⌘ or Shift those of the severity are left out. */
  onSeverity: (severity: Severity, isWithout: boolean) => void;
}

/** Severities with their counts: a click shows one alone. */
export function VolumeLegend({ volume, q, onSeverity }: Props) {
  return (
    <div className={classes.legend} role="group" aria-label="Severity">
      {volume.series.map((one) => (
        <button
          type="button"
          key={one.key}
          className={classes.sev}
          data-severity={one.key}
          aria-pressed={hasTerm(q, severityTerm(one.key))}
          title={`Only ${one.key}; with Shift all but these`}
          onClick={(event) => onSeverity(one.key, event.shiftKey || event.ctrlKey || event.metaKey)}
        >
          <i />
          {one.key}
          <b className="num">{formatCount(one.total)}</b>
        </button>
      ))}
    </div>
  );
}
