import { describe, expect, it } from 'vitest';
import { assignLayers, arrowKey, type Arrow } from './layers';
import { layout, LAYER_PX } from './layout';
import { crossings, orderLayers } from './order';

const arrows = (text: string): Arrow[] =>
  text.split(' ').map((pair) => {
    const [from = '', to = ''] = pair.split('>');
    return { from, to };
  });
const namesOf = (all: readonly Arrow[]): string[] => [...new Set(all.flatMap((one) => [one.from, one.to]))];
const layersOf = (text: string): Record<string, number> =>
  Object.fromEntries(assignLayers(namesOf(arrows(text)), arrows(text)).layerOf);

/** Small numbers that are the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

describe('layers', () => {
  it('go one way', () => {
    expect(layersOf('a>b b>c a>c')).toEqual({ a: 0, b: 1, c: 2 });
  });

  it('open rings where they close', () => {
    const all = arrows('a>b b>c c>a x>x');
    const { layerOf, back } = assignLayers(namesOf(all), all);
    expect([...back]).toEqual([arrowKey({ from: 'c', to: 'a' })]);
    expect(Object.fromEntries(layerOf)).toEqual({ a: 0, b: 1, c: 2, x: 0 });
  });

  it('go on behind two that call each other', () => {
    expect(layersOf('a>b b>a b>c a>c')).toEqual({ a: 0, b: 1, c: 2 });
  });

  it('put who nobody calls before whom it calls', () => {
    expect(layersOf('a>b b>c c>d cron>d')['cron']).toBe(2);
  });
});

it('orders layers so that calls do not cross', () => {
  const layers = [
    ['a', 'b'],
    ['c', 'd'],
  ];
  const all = arrows('a>d b>c');
  expect(crossings(layers, all)).toBe(1);
  expect(crossings(orderLayers(layers, all), all)).toBe(0);
});

describe('layout', () => {
  it('is the same whatever the order of what it is given', () => {
    const all = arrows('user>web web>cart web>mail cart>db mail>db cart>web db>db');
    const one = layout(namesOf(all), all);
    const two = layout(namesOf(all).reverse(), [...all].reverse());
    expect(Object.fromEntries(two.places)).toEqual(Object.fromEntries(one.places));
  });

  it('puts who calls nobody into rows below the others', () => {
    const all = arrows('a>b b>c');
    const loose = Array.from({ length: 7 }, (_, index) => `loose-${index}`);
    const { places, routes, width, height } = layout([...loose, ...namesOf(all)], all);
    const lowest = Math.max(...['a', 'b', 'c'].map((name) => places.get(name)?.y ?? NaN));
    const points = loose.map((name) => places.get(name) ?? { x: NaN, y: NaN });
    expect(points.every(({ x, y }) => y > lowest && y <= height && x >= 0 && x <= width)).toBe(true);
    expect(new Set(points.map(({ x, y }) => `${x} ${y}`)).size).toBe(7);
    expect(routes.get(arrowKey({ from: 'a', to: 'b' }))?.[0]).toEqual(places.get('a'));
    expect(layout(['x', 'y'], []).places.size).toBe(2);
  });

  it('draws calls from the caller to the called, also those against the direction', () => {
    const all = arrows('a>b b>c c>a');
    const { places, routes } = layout(namesOf(all), all);
    for (const arrow of all) {
      const route = routes.get(arrowKey(arrow)) ?? [];
      expect(route[0]).toEqual(places.get(arrow.from));
      expect(route.at(-1)).toEqual(places.get(arrow.to));
    }
    expect(routes.get(arrowKey({ from: 'c', to: 'a' }))).toHaveLength(3);
  });

  it('keeps nodes apart and inside, for many nodes with rings', () => {
    const random = seeded(7);
    const names = Array.from({ length: 80 }, (_, index) => `s${index}`);
    const pick = (): string => names[Math.floor(random() * names.length)] ?? 's0';
    const all = Array.from({ length: 160 }, () => ({ from: pick(), to: pick() }));
    const { places, width, height } = layout(namesOf(all), all);
    const points = [...places.values()];
    expect(points).toHaveLength(namesOf(all).length);
    for (const [index, a] of points.entries()) {
      expect(a.x).toBeGreaterThanOrEqual(0);
      expect(a.x).toBeLessThanOrEqual(width);
      expect(a.y).toBeGreaterThanOrEqual(-1e-9);
      expect(a.y).toBeLessThanOrEqual(height);
      for (const b of points.slice(index + 1)) {
        if (a.x === b.x) expect(Math.abs(a.y - b.y)).toBeGreaterThan(80);
        else expect(Math.abs(a.x - b.x)).toBeGreaterThanOrEqual(LAYER_PX);
      }
    }
  });

  it('takes nothing, and one alone', () => {
    expect(layout([], [])).toMatchObject({ width: 0, height: 0 });
    expect(layout(['a'], [{ from: 'a', to: 'a' }]).places.get('a')).toEqual({ x: 0, y: 0 });
  });
});
