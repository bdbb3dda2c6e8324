// A node of the map: its shape says what it is, its size how busy, its ring how much of it fails.
import type { KeyboardEvent } from 'react';
import { printShare } from '@/components/services/Red';
import { arcOf } from '@/model/map/draw';
import type { Node } from '@/model/map/graph';
import type { Point } from '@/model/map/layout';
import { printRate, type RateUnit } from '@/model/services/rate';
import { errorLevel } from '@/model/services/service';
import classes from './Map.module.css';

interface Props {
  node: Node;
  at: Point;
  radius: number;
  /** In which all of the map are told. */
  unit: RateUnit;
  isChosen: boolean;
  isQuiet: boolean;
  onPoint: (name: string | null) => void;
  onChoose: (name: string) => void;
}

/** Longer names would touch their neighbours. */
const NAME_CHARS_MAX = 24;

export function GraphNode({ node, at, radius, unit, isChosen, isQuiet, onPoint, onChoose }: Props) {
  const level = errorLevel(node.errors);
  // A few errors among thousands are told by the number alone.
  const arc = level === 'warn' || level === 'bad' ? arcOf(node.errors, radius + 3) : null;
  const short = node.name.length > NAME_CHARS_MAX ? `${node.name.slice(0, NAME_CHARS_MAX - 1)}…` : node.name;
  const rate = nodeRate(node, unit);
  const says = `${rate}${node.errors > 0 ? `, ${printShare(node.errors)} errors` : ''}`;
  return (
    <g
      transform={`translate(${at.x} ${at.y})`}
      className={classes.node}
      role="button"
      tabIndex={0}
      aria-label={`${node.kind} ${node.name}: ${says}`}
      aria-pressed={isChosen}
      data-kind={node.kind}
      data-quiet={isQuiet || undefined}
      data-chosen={isChosen || undefined}
      data-level={level}
      onPointerEnter={() => onPoint(node.name)}
      onPointerLeave={() => onPoint(null)}
      onFocus={() => onPoint(node.name)}
      onBlur={() => onPoint(null)}
      onClick={() => onChoose(node.name)}
      onKeyDown={(event: KeyboardEvent) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        onChoose(node.name);
      }}
    >
      <circle className={classes.halo} r={radius + 7} />
      <Shape node={node} radius={radius} />
      {arc !== null && <path className={classes.ring} d={arc} />}
      <text y={radius + 18} className={classes.label}>
        <title>{node.name}</title>
        {short}
      </text>
      <text y={radius + 32} className={classes.numbers}>
        {rate}
        {node.errors > 0 && <tspan className={classes.bad}> · {printShare(node.errors)}</tspan>}
      </text>
    </g>
  );
}

/** What it makes is no number to set beside what others take. */
function nodeRate({ rate, counts }: Node, unit: RateUnit): string {
  if (counts === 'taken') return printRate(rate, unit);
  return rate > 0 ? `calls ${printRate(rate, unit)}` : 'no calls';
}

function Shape({ node, radius: r }: { node: Node; radius: number }) {
  switch (node.kind) {
    case 'database': {
      const [w, h, lid] = [r * 0.86, r * 0.78, r * 0.3];
      return (
        <>
          <circle className={classes.ground} r={r + 3} />
          <path
            className={classes.shape}
            d={`M${-w} ${-h}A${w} ${lid} 0 0 1 ${w} ${-h}V${h}A${w} ${lid} 0 0 1 ${-w} ${h}Z`}
          />
          <path className={classes.edgeLine} d={`M${-w} ${-h}A${w} ${lid} 0 0 0 ${w} ${-h}`} />
        </>
      );
    }
    case 'external':
      return (
        <>
          <circle className={classes.ground} r={r + 3} />
          <circle className={classes.shape} r={r} />
        </>
      );
    case 'user':
      return (
        <>
          <circle className={classes.ground} r={r + 3} />
          <circle className={classes.shape} r={r} />
          <circle className={classes.sign} cy={-r * 0.22} r={r * 0.27} />
          <path
            className={classes.sign}
            d={`M${-r * 0.5} ${r * 0.56}A${r * 0.5} ${r * 0.5} 0 0 1 ${r * 0.5} ${r * 0.56}Z`}
          />
        </>
      );
    case 'service':
      return (
        <>
          <circle className={classes.ground} r={r + 3} />
          <circle className={classes.shape} r={r} />
        </>
      );
  }
}
