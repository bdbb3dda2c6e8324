// The order of nodes within their layers, so that calls cross each other seldom.
import type { Arrow } from './layers';

/** Down and up again; later sweeps rarely find anything. */
const SWEEPS = 12;

/** `layers` holds names by layer; `arrows` go from a layer to the next. */
export function orderLayers(layers: readonly (readonly string[])[], arrows: readonly Arrow[]): string[][] {
  const down = group(arrows, 'to', 'from');
  const up = group(arrows, 'from', 'to');
  let current = layers.map((layer) => [...layer]);
  let best = current;
  let least = crossings(current, arrows);
  for (let sweep = 0; sweep < SWEEPS && least > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    current = sorted(current, isDown ? down : up, isDown);
    const count = crossings(current, arrows);
    if (count < least) [best, least] = [current, count];
  }
  return best;
}

function group(arrows: readonly Arrow[], of: 'from' | 'to', other: 'from' | 'to'): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const arrow of arrows) {
    const known = out.get(arrow[of]);
    if (known === undefined) out.set(arrow[of], [arrow[other]]);
    else known.push(arrow[other]);
  }
  return out;
}

/** Each layer by the mean place of its neighbours in the layer before; who has none keeps its place. */
function sorted(layers: string[][], near: ReadonlyMap<string, string[]>, isDown: boolean): string[][] {
  const out = layers.map((layer) => [...layer]);
  const indexes = out.map((_, index) => index);
  for (const index of isDown ? indexes.slice(1) : indexes.slice(0, -1).reverse()) {
    const fixed = new Map((out[isDown ? index - 1 : index + 1] ?? []).map((name, place) => [name, place]));
    const layer = out[index] ?? [];
    const wanted = new Map(
      layer.map((name, place) => {
        const places = (near.get(name) ?? []).flatMap((one) => fixed.get(one) ?? []);
        return [name, places.length === 0 ? place : places.reduce((sum, one) => sum + one, 0) / places.length];
      }),
    );
    const before = new Map(layer.map((name, place) => [name, place]));
    layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0) || (before.get(a) ?? 0) - (before.get(b) ?? 0));
  }
  return out;
}

export function crossings(layers: readonly (readonly string[])[], arrows: readonly Arrow[]): number {
  let count = 0;
  for (let index = 0; index + 1 < layers.length; index++) {
    const from = new Map((layers[index] ?? []).map((name, place) => [name, place]));
    const to = new Map((layers[index + 1] ?? []).map((name, place) => [name, place]));
    const pairs = arrows.flatMap((arrow) => {
      const [a, b] = [from.get(arrow.from), to.get(arrow.to)];
      return a === undefined || b === undefined ? [] : [[a, b] as const];
    });
    for (let i = 0; i < pairs.length; i++) {
      for (let j = i + 1; j < pairs.length; j++) {
        const [a, b] = [pairs[i] ?? [0, 0], pairs[j] ?? [0, 0]];
        if ((a[0] - b[0]) * (a[1] - b[1]) < 0) count += 1;
      }
    }
  }
  return count;
}
