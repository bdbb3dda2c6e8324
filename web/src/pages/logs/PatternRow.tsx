import { IconFilterMinus, IconFilterPlus } from '@tabler/icons-react';
import { Sparkline } from '@/components/common/Sparkline';
import { LogDetail, type LineActions } from '@/components/logs/LogDetail';
import logs from '@/components/logs/Logs.module.css';
import { formatCount, formatValue } from '@/lib/format';
import { readLine } from '@/model/logs/line';
import { patternQuery, shownPieces, type Pattern } from '@/model/logs/pattern';
import { printMoment } from '@/model/timeRange';
import classes from './Patterns.module.css';

interface Props {
  pattern: Pattern;
  isOpen: boolean;
  utc: boolean;
  actions: LineActions;
  onToggle: () => void;
  onLines: (term: string) => void;
}

export function PatternRow({ pattern, isOpen, utc, actions, onToggle, onLines }: Props) {
  const terms = patternQuery(pattern.template);
  const span = `from ${printMoment(pattern.first, utc)} to ${printMoment(pattern.last, utc)}`;
  return (
    <div className={classes.pattern} data-open={isOpen || undefined}>
      <div className={classes.row} role="row" onClick={onToggle}>
        <span className={`${classes.right} num`}>{formatCount(pattern.count)}</span>
        <span className={`${classes.share} num`}>
          <i>
            <b style={{ width: `${pattern.share * 100}%` }} />
          </i>
          {formatValue(Number(pattern.share.toPrecision(2)), 'ratio')}
        </span>
        <Mix pattern={pattern} />
        <span title={span}>
          <Sparkline values={pattern.counts} width={104} height={20} kind="bars" />
        </span>
        <button type="button" className={classes.template} aria-expanded={isOpen} title={pattern.template}>
          {shownPieces(pattern.template).map((piece, index) =>
            piece.isGap ? <em key={index}>{gap(piece.text)}</em> : <span key={index}>{piece.text}</span>,
          )}
        </button>
      </div>
      {isOpen && (
        <div className={classes.open}>
          <div className={logs.bar}>
            {terms !== '' && (
              <>
                <button type="button" className={logs.act} onClick={() => onLines(terms)}>
                  <IconFilterPlus size={14} stroke={1.7} />
                  Show these lines
                </button>
                <button type="button" className={logs.act} onClick={() => actions.onTerm(`-(${terms})`)}>
                  <IconFilterMinus size={14} stroke={1.7} />
                  Leave them out
                </button>
              </>
            )}
            <span className="num">Seen {span}. The latest of them:</span>
          </div>
          <LogDetail line={readLine(pattern.sample)} utc={utc} pattern={null} actions={actions} />
        </div>
      )}
    </div>
  );
}

const gap = (text: string): string => (text === '<*>' ? '∗' : text.slice(1, -1));

/** Severities by their shares. */
function Mix({ pattern }: { pattern: Pattern }) {
  const title = pattern.mix.map((one) => `${formatCount(one.count)} ${one.key}`).join(', ');
  return (
    <span className={classes.mix} title={title} role="img" aria-label={title}>
      {pattern.mix.map((one) => (
        <i
          key={one.key}
          className={logs.sev}
          data-severity={one.key}
          style={{ flexGrow: Math.max(one.count / pattern.count, 0.04) }}
        />
      ))}
    </span>
  );
}
