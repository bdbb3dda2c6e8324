// What is chosen on the map, and where it leads.
import { ActionIcon } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { describe } from '@/components/map/GraphTip';
import type { Choice } from '@/components/map/GraphView';
import { DurationCell, ErrorCell, RateCell } from '@/components/services/Red';
import { useTime } from '@/components/shell/time';
import { JumpLink } from '@/components/trace/JumpLink';
import { edgeJumps, nodeJumps } from '@/model/map/jumps';
import type { Graph } from '@/model/map/graph';
import classes from './MapPage.module.css';

interface Props {
  graph: Graph;
  choice: Choice;
  /** What is around it is all that is shown. */
  isAlone: boolean;
  /** Null for the whole map. */
  onFocus: (name: string | null) => void;
  onClose: () => void;
}

export function MapCard({ graph, choice, isAlone, onFocus, onClose }: Props) {
  const { range } = useTime();
  const shown = describe(graph, choice);
  if (shown === null) return null;
  const node = 'node' in choice ? graph.nodes.find((one) => one.name === choice.node) : undefined;
  const edge = 'edge' in choice ? graph.edges.find((one) => one.key === choice.edge) : undefined;
  const jumps =
    node !== undefined ? nodeJumps(node, graph, range) : edge !== undefined ? edgeJumps(edge, graph, range) : [];
  return (
    <aside className={classes.card} aria-label="Chosen" data-testid="map-card">
      <header>
        <h2>{shown.title}</h2>
        <ActionIcon size={22} aria-label="Close" onClick={onClose}>
          <IconX size={14} />
        </ActionIcon>
      </header>
      <p className="muted">{shown.what}</p>
      <dl>
        <dt>{shown.rateTitle}</dt>
        <dd>
          <RateCell rate={shown.rate} />
        </dd>
        <dt>Errors</dt>
        <dd>
          <ErrorCell share={shown.errors} />
        </dd>
        <dt>p95</dt>
        <dd>
          <DurationCell value={shown.p95} />
        </dd>
      </dl>
      <nav>
        {jumps.map((jump) => (
          <JumpLink key={jump.title} to={jump.to}>
            {jump.title}
          </JumpLink>
        ))}
        {node !== undefined && (
          <button type="button" className={classes.link} onClick={() => onFocus(isAlone ? null : node.name)}>
            {isAlone ? 'Show the whole map' : 'Only what is around it'}
          </button>
        )}
      </nav>
    </aside>
  );
}
