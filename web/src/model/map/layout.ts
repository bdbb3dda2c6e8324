// Where nodes and calls of the map are drawn: layers from left to right, the same picture for the same calls.
import { arrowKey, assignLayers, type Arrow } from './layers';
import { orderLayers } from './order';

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  places: Map<string, Point>;
  /** Points that a call passes, by `from\nto`, from the caller to the called. */
  routes: Map<string, Point[]>;
  width: number;
  height: number;
}

/** Between layers there is room for a name, between nodes for two lines. */
export const LAYER_PX = 196;
export const NODE_PX = 98;
/** A call that only passes a layer needs less. */
const PASS_PX = 56;
const SETTLE = 24;
/** Between those that stand in rows of their own. */
const LOOSE_PX = 140;
/** A row is at least so long: a map of few calls is narrow. */
const ROW_MIN = 5;

export function layout(names: readonly string[], arrows: readonly Arrow[]): Layout {
  const called = new Set(arrows.flatMap((arrow) => [arrow.from, arrow.to]));
  const isTied = (name: string): boolean => called.has(name);
  const tied = layoutTied(names.filter(isTied), arrows);
  return below(tied, names.filter((name) => !isTied(name)).sort());
}

/** Whoever calls nobody, and is called by nobody, stands in rows below the others. */
function below(tied: Layout, loose: readonly string[]): Layout {
  if (loose.length === 0) return tied;
  const count = Math.min(loose.length, Math.max(ROW_MIN, Math.floor(tied.width / LOOSE_PX) + 1));
  const top = tied.places.size === 0 ? 0 : tied.height + 1.25 * NODE_PX;
  const wide = Math.max(tied.width, (count - 1) * LOOSE_PX);
  const shift = (wide - tied.width) / 2;
  const move = ({ x, y }: Point): Point => ({ x: x + shift, y });
  const left = (wide - (count - 1) * LOOSE_PX) / 2;
  const places = new Map([...tied.places].map(([name, at]) => [name, move(at)]));
  loose.forEach((name, index) =>
    places.set(name, { x: left + (index % count) * LOOSE_PX, y: top + Math.floor(index / count) * NODE_PX }),
  );
  return {
    places,
    routes: new Map([...tied.routes].map(([key, points]) => [key, points.map(move)])),
    width: wide,
    height: top + Math.floor((loose.length - 1) / count) * NODE_PX,
  };
}

function layoutTied(names: readonly string[], given: readonly Arrow[]): Layout {
  // In one order and each once: sums of the same numbers in another order are not quite the same.
  const arrows = [...new Map(given.map((arrow) => [arrowKey(arrow), arrow])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, arrow]) => arrow);
  const { layerOf, back } = assignLayers(names, arrows);
  const least = Math.min(0, ...layerOf.values());
  const layers: string[][] = [];
  for (const name of [...names].sort()) {
    const index = (layerOf.get(name) ?? 0) - least;
    (layers[index] ??= []).push(name);
    layerOf.set(name, index);
  }
  for (let index = 0; index < layers.length; index++) layers[index] ??= [];
  const { steps, passes } = split(arrows, back, layerOf, layers);
  const ordered = orderLayers(layers, steps);
  const ys = settle(ordered, steps);
  const places = new Map<string, Point>();
  ordered.forEach((layer, index) =>
    layer.forEach((name) => places.set(name, { x: index * LAYER_PX, y: ys.get(name) ?? 0 })),
  );
  const top = Math.min(0, ...ys.values());
  for (const place of places.values()) place.y -= top;
  const at = (name: string): Point => places.get(name) ?? { x: 0, y: 0 };
  const routes = new Map<string, Point[]>();
  for (const arrow of arrows) {
    const through = (passes.get(arrowKey(arrow)) ?? []).map(at);
    if (back.has(arrowKey(arrow))) through.reverse();
    routes.set(arrowKey(arrow), [at(arrow.from), ...through, at(arrow.to)]);
  }
  const bottom = [...places.values()].reduce((most, place) => Math.max(most, place.y), 0);
  for (const name of places.keys()) if (isPass(name)) places.delete(name);
  return { places, routes, width: Math.max(0, layers.length - 1) * LAYER_PX, height: bottom };
}

/** No service is called like that: its name has a line break. */
const isPass = (name: string): boolean => name.startsWith('\n');

/** Calls over several layers pass each layer between at a place of its own. */
function split(
  arrows: readonly Arrow[],
  back: ReadonlySet<string>,
  layerOf: ReadonlyMap<string, number>,
  layers: string[][],
): { steps: Arrow[]; passes: Map<string, string[]> } {
  const steps: Arrow[] = [];
  const passes = new Map<string, string[]>();
  for (const arrow of arrows) {
    if (arrow.from === arrow.to) continue;
    const [from, to] = back.has(arrowKey(arrow)) ? [arrow.to, arrow.from] : [arrow.from, arrow.to];
    const own: string[] = [];
    for (let layer = (layerOf.get(from) ?? 0) + 1; layer < (layerOf.get(to) ?? 0); layer++) {
      const pass = `\n${arrowKey(arrow)}\n${layer}`;
      own.push(pass);
      layers[layer]?.push(pass);
    }
    passes.set(arrowKey(arrow), own);
    [from, ...own].forEach((name, index) => steps.push({ from: name, to: own[index] ?? to }));
  }
  return { steps, passes };
}

const tall = (name: string): number => (isPass(name) ? PASS_PX : NODE_PX);

/** Everyone wants to stand at the height of its neighbours; nobody stands on another. */
function settle(layers: readonly (readonly string[])[], steps: readonly Arrow[]): Map<string, number> {
  const near = new Map<string, string[]>();
  const link = (a: string, b: string): void => {
    const known = near.get(a);
    if (known === undefined) near.set(a, [b]);
    else known.push(b);
  };
  for (const step of steps) {
    link(step.from, step.to);
    link(step.to, step.from);
  }
  const ys = new Map<string, number>();
  for (const layer of layers) {
    const total = layer.reduce((sum, name) => sum + tall(name), 0);
    let y = -total / 2;
    for (const name of layer) {
      ys.set(name, y + tall(name) / 2);
      y += tall(name);
    }
  }
  for (let round = 0; round < SETTLE; round++) {
    const order = round % 2 === 0 ? layers : [...layers].reverse();
    for (const layer of order) {
      const wanted = layer.map((name) => {
        const heights = (near.get(name) ?? []).map((one) => ys.get(one) ?? 0);
        return heights.length === 0 ? (ys.get(name) ?? 0) : heights.reduce((sum, one) => sum + one, 0) / heights.length;
      });
      spread(layer, wanted).forEach((y, index) => ys.set(layer[index] ?? '', y));
    }
  }
  return ys;
}

/** The places nearest to those wanted that keep the order and the distances: neighbours that meet move as one. */
function spread(layer: readonly string[], wanted: readonly number[]): number[] {
  // Distances taken out, it is the nearest rising sequence: pooled neighbours share their mean.
  const gaps: number[] = [];
  layer.forEach((name, index) => {
    const before = layer[index - 1];
    gaps.push(before === undefined ? 0 : (gaps[index - 1] ?? 0) + (tall(before) + tall(name)) / 2);
  });
  const pools: { sum: number; count: number }[] = [];
  wanted.forEach((y, index) => {
    let pool = { sum: y - (gaps[index] ?? 0), count: 1 };
    for (
      let last = pools.at(-1);
      last !== undefined && last.sum / last.count > pool.sum / pool.count;
      last = pools.at(-1)
    ) {
      pool = { sum: pool.sum + last.sum, count: pool.count + last.count };
      pools.pop();
    }
    pools.push(pool);
  });
  const means = pools.flatMap((pool) => new Array<number>(pool.count).fill(pool.sum / pool.count));
  return means.map((mean, index) => mean + (gaps[index] ?? 0));
}
