// The map itself: who calls whom, from left to right.
import { ActionIcon, Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconFocusCentered, IconMinus, IconPlus } from '@tabler/icons-react';
import { useMemo, useRef, useState } from 'react';
import { useShortcuts } from '@/components/shell/keys';
import { pathOf, radiusOf, widthOf, type View } from '@/model/map/draw';
import type { Edge, Graph } from '@/model/map/graph';
import { arrowKey } from '@/model/map/layers';
import { layout, type Point } from '@/model/map/layout';
import { tipOfCall, tipOfNode, type TipPlace } from '@/model/map/tip';
import { rateUnit } from '@/model/services/rate';
import { errorLevel } from '@/model/services/service';
import { GraphNode } from './GraphNode';
import { GraphTip } from './GraphTip';
import { usePanZoom } from './usePanZoom';
import classes from './Map.module.css';

/** A node by its name, or an edge by its key. */
export type Choice = { node: string } | { edge: string };

interface Props {
  graph: Graph;
  chosen: Choice | null;
  onChoose: (choice: Choice | null) => void;
  /** Names to bring forward; null for all. */
  found: ReadonlySet<string> | null;
}

const ORIGIN: Point = { x: 0, y: 0 };
const STEP = 1.25;
/** At the bottom, where what is fitted in does not go. */
const LEGEND_PX = 36;

export function GraphView({ graph, chosen, onChoose, found }: Props) {
  const { ref, width, height } = useElementSize();
  const svg = useRef<SVGSVGElement>(null);
  const [pointed, setPointed] = useState<Choice | null>(null);
  // Numbers change at each refresh, who calls whom seldom: the picture stays as it is.
  const stamp = [
    ...graph.edges.map((edge) => `${edge.client}\n${edge.server}`),
    ...graph.nodes.map((node) => node.name),
  ].join('\n\n');
  const picture = useMemo(() => {
    const arrows = graph.edges.map((edge) => ({ from: edge.client, to: edge.server }));
    return layout(
      graph.nodes.map((node) => node.name),
      arrows,
    );
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [stamp]);
  const move = usePanZoom(svg, { width, height: height - LEGEND_PX }, picture, stamp);
  useShortcuts([
    { keys: '+', title: 'Larger', group: 'Map', run: () => move.zoomBy(STEP) },
    { keys: '-', title: 'Smaller', group: 'Map', run: () => move.zoomBy(1 / STEP) },
    { keys: '0', title: 'All of it', group: 'Map', run: move.fitAll },
    { keys: 'escape', title: 'Choose nothing', group: 'Map', run: () => onChoose(null) },
  ]);

  const mostNode = graph.nodes.reduce((most, node) => Math.max(most, node.rate), 0);
  const mostEdge = graph.edges.reduce((most, edge) => Math.max(most, edge.rate), 0);
  const radii = new Map(graph.nodes.map((node) => [node.name, radiusOf(node.rate, mostNode)]));
  const unit = rateUnit(graph.nodes.map((node) => node.rate));
  const near = nearOf(graph, pointed ?? chosen, found);
  const { view } = move;
  return (
    <div ref={ref} className={classes.box} data-testid="map">
      {width > 0 && (
        <svg
          ref={svg}
          width={width}
          height={height}
          className={classes.map}
          data-dragging={move.isDragging || undefined}
          role="group"
          aria-label={`${graph.nodes.length} services and ${graph.edges.length} calls between them`}
          {...move.handlers}
          onClick={(event) => {
            if (event.target === event.currentTarget && !move.isDragging) onChoose(null);
          }}
        >
          <Heads />
          <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
            {graph.edges.map((edge) => {
              const points = picture.routes.get(arrowKey({ from: edge.client, to: edge.server })) ?? [];
              return (
                <EdgePath
                  key={edge.key}
                  edge={edge}
                  d={pathOf(points, (radii.get(edge.client) ?? 0) + 3, (radii.get(edge.server) ?? 0) + 3)}
                  width={widthOf(edge.rate, mostEdge)}
                  isQuiet={near !== null && !near.edges.has(edge.key)}
                  isChosen={chosen !== null && 'edge' in chosen && chosen.edge === edge.key}
                  onPoint={setPointed}
                  onChoose={onChoose}
                />
              );
            })}
            {graph.nodes.map((node) => (
              <GraphNode
                key={node.name}
                node={node}
                at={picture.places.get(node.name) ?? ORIGIN}
                radius={radii.get(node.name) ?? 0}
                unit={unit}
                isChosen={chosen !== null && 'node' in chosen && chosen.node === node.name}
                isQuiet={near !== null && !near.nodes.has(node.name)}
                onPoint={(name) => setPointed(name === null ? null : { node: name })}
                onChoose={(name) => onChoose({ node: name })}
              />
            ))}
          </g>
        </svg>
      )}
      {pointed !== null && !move.isDragging && !isSame(pointed, chosen) && (
        <GraphTip graph={graph} choice={pointed} at={tipAt(pointed, graph, picture.places, view, { width, height })} />
      )}
      <div className={classes.buttons}>
        <Tooltip label="Larger (+)" position="left">
          <ActionIcon aria-label="Larger" onClick={() => move.zoomBy(STEP)}>
            <IconPlus size={15} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Smaller (−)" position="left">
          <ActionIcon aria-label="Smaller" onClick={() => move.zoomBy(1 / STEP)}>
            <IconMinus size={15} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="All of it (0)" position="left">
          <ActionIcon aria-label="All of it" onClick={move.fitAll}>
            <IconFocusCentered size={15} />
          </ActionIcon>
        </Tooltip>
      </div>
    </div>
  );
}

const isSame = (a: Choice, b: Choice | null): boolean => b !== null && JSON.stringify(a) === JSON.stringify(b);

/** What belongs to what is pointed at; null when nothing is. */
function nearOf(
  graph: Graph,
  choice: Choice | null,
  found: ReadonlySet<string> | null,
): { nodes: Set<string>; edges: Set<string> } | null {
  if (choice === null && found === null) return null;
  const edges = graph.edges.filter((edge) => {
    if (choice === null) return found?.has(edge.client) === true || found?.has(edge.server) === true;
    return 'edge' in choice ? edge.key === choice.edge : edge.client === choice.node || edge.server === choice.node;
  });
  const own = choice === null ? [...(found ?? [])] : 'node' in choice ? [choice.node] : [];
  const touched = choice === null ? [] : edges.flatMap((edge) => [edge.client, edge.server]);
  return { nodes: new Set([...own, ...touched]), edges: new Set(edges.map((edge) => edge.key)) };
}

function tipAt(
  choice: Choice,
  graph: Graph,
  places: ReadonlyMap<string, Point>,
  view: View,
  box: { width: number; height: number },
): TipPlace {
  const onScreen = (name: string | undefined): Point => {
    const { x, y } = places.get(name ?? '') ?? ORIGIN;
    return { x: x * view.scale + view.x, y: y * view.scale + view.y };
  };
  if ('node' in choice) return tipOfNode(onScreen(choice.node), view.scale, box);
  const edge = graph.edges.find((one) => one.key === choice.edge);
  return tipOfCall(onScreen(edge?.client), onScreen(edge?.server), box);
}

interface EdgeProps {
  edge: Edge;
  d: string;
  width: number;
  isQuiet: boolean;
  isChosen: boolean;
  onPoint: (choice: Choice | null) => void;
  onChoose: (choice: Choice) => void;
}

function EdgePath({ edge, d, width, isQuiet, isChosen, onPoint, onChoose }: EdgeProps) {
  const level = errorLevel(edge.errors);
  return (
    <g
      className={classes.edge}
      data-level={level}
      data-kind={edge.kind}
      data-quiet={isQuiet || undefined}
      data-chosen={isChosen || undefined}
      onPointerEnter={() => onPoint({ edge: edge.key })}
      onPointerLeave={() => onPoint(null)}
      onClick={() => onChoose({ edge: edge.key })}
    >
      <path className={classes.reach} d={d} />
      <path className={classes.way} d={d} strokeWidth={width} markerEnd={`url(#map-head-${level})`} />
    </g>
  );
}

/** Heads of arrows: a marker cannot take the colour of its line everywhere. */
function Heads() {
  return (
    <defs>
      {(['none', 'some', 'warn', 'bad'] as const).map((level) => (
        <marker
          key={level}
          id={`map-head-${level}`}
          viewBox="0 0 8 8"
          refX="1"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path className={classes.tipHead} data-level={level} d="M0 0L8 4L0 8Z" />
        </marker>
      ))}
    </defs>
  );
}
