// A row of the timeline: the span's place in the tree, and its bar.
import { IconAlertTriangleFilled, IconChevronRight } from '@tabler/icons-react';
import { memo } from 'react';
import { serviceColour } from '@/components/trace/serviceColours';
import { formatCount, formatSeconds } from '@/lib/format';
import type { PathPiece } from '@/model/trace/criticalPath';
import { marksOf } from '@/model/trace/eventMarks';
import type { Instant } from '@/model/trace/instant';
import { share } from '@/model/trace/scale';
import type { Span } from '@/model/trace/trace';
import classes from './Timeline.module.css';

export interface SpanRowProps {
  span: Span;
  top: number;
  indent: number;
  from: number;
  to: number;
  start: Instant;
  isFolded: boolean;
  isChosen: boolean;
  /** Found, or meant by a finding. */
  isMarked: boolean;
  /** Others are meant. */
  isDim: boolean;
  path: readonly PathPiece[] | undefined;
  logs: number;
  onChoose: (index: number) => void;
  onFold: (index: number, wholly: boolean) => void;
  onZoomTo: (index: number) => void;
}

export const SpanRow = memo(function SpanRow(props: SpanRowProps) {
  const { span } = props;
  const hidden = span.last - span.index;
  return (
    <div
      role="row"
      aria-selected={props.isChosen}
      aria-level={span.depth + 1}
      className={classes.row}
      style={{ transform: `translateY(${props.top}px)` }}
      data-chosen={props.isChosen || undefined}
      data-marked={props.isMarked || undefined}
      data-dim={props.isDim || undefined}
      data-span={span.id}
      onClick={() => props.onChoose(span.index)}
      onDoubleClick={() => props.onZoomTo(span.index)}
    >
      <div className={classes.name} style={{ paddingLeft: props.indent }}>
        {span.children.length > 0 ? (
          <button
            type="button"
            className={classes.fold}
            aria-expanded={!props.isFolded}
            aria-label={props.isFolded ? 'Unfold' : 'Fold'}
            title={`${formatCount(hidden)} below; with Alt, all levels of them`}
            onClick={(event) => {
              event.stopPropagation();
              props.onFold(span.index, event.altKey);
            }}
            onDoubleClick={(event) => event.stopPropagation()}
          >
            <IconChevronRight size={13} />
          </button>
        ) : (
          <i className={classes.leaf} />
        )}
        <i className={classes.swatch} style={{ background: serviceColour(span.service) }} />
        {span.isError && <IconAlertTriangleFilled size={13} className={classes.error} aria-label="Error" />}
        <b>{span.service}</b>
        <span title={`${span.service}: ${span.name}`}>{span.name}</span>
        {props.isFolded && <small className="num">{formatCount(hidden)}</small>}
      </div>
      <div className={classes.lane}>
        <Bar {...props} />
      </div>
    </div>
  );
});

function Bar({ span, from, to, path, start, logs }: SpanRowProps) {
  const [left, right] = [share(span.start, from, to), share(span.end, from, to)];
  if (right < 0 || left > 1) {
    return <span className={classes.away} data-right={left > 1 || undefined} title="Outside of what is shown" />;
  }
  const begin = Math.max(0, left);
  const width = Math.min(1, right) - begin;
  const end = begin + width;
  // Where there is room: behind the bar, before it, or on it.
  const side = end < 0.86 ? 'after' : begin > 0.12 ? 'before' : 'on';
  const label = formatSeconds(span.duration / 1e9);
  return (
    <>
      <i
        className={classes.bar}
        style={{ left: `${begin * 100}%`, width: `${width * 100}%`, background: serviceColour(span.service) }}
        data-bad={span.isError || undefined}
      />
      {path?.map((piece) => (
        <Piece key={piece.from} piece={piece} from={from} to={to} />
      ))}
      {marksOf(span, start, from, to).map((mark) => (
        <i
          key={mark.place}
          className={classes.event}
          style={{ left: `${mark.place * 100}%` }}
          title={mark.count > 1 ? `${mark.name} and ${formatCount(mark.count - 1)} more` : mark.name}
          data-bad={mark.isBad || undefined}
        />
      ))}
      <span
        className={`${classes.length} num`}
        data-side={side}
        style={
          side === 'after' ? { left: `${end * 100}%` } : { right: `${(1 - (side === 'before' ? begin : end)) * 100}%` }
        }
      >
        {label}
        {logs > 0 && <small title="Log lines">{formatCount(logs)} log</small>}
      </span>
    </>
  );
}

function Piece({ piece, from, to }: { piece: PathPiece; from: number; to: number }) {
  const [left, right] = [Math.max(0, share(piece.from, from, to)), Math.min(1, share(piece.to, from, to))];
  if (right <= left) return null;
  return <i className={classes.critical} style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} />;
}
