import { expect, it } from 'vitest';
import { arcOf, fit, pathOf, RADIUS_MAX, RADIUS_MIN, radiusOf, widthOf, zoomAt } from './draw';

it('sizes follow the traffic', () => {
  expect(radiusOf(100, 100)).toBe(RADIUS_MAX);
  expect(radiusOf(0, 100)).toBe(RADIUS_MIN);
  expect(radiusOf(25, 100)).toBe((RADIUS_MIN + RADIUS_MAX) / 2);
  expect(widthOf(100, 100)).toBe(6);
  expect(widthOf(0.01, 100)).toBe(1.25);
  expect(widthOf(10, 100)).toBeGreaterThan(widthOf(1, 100));
});

it('paths begin and end at the edges of circles', () => {
  const straight = pathOf(
    [
      { x: 0, y: 0 },
      { x: 200, y: 50 },
    ],
    10,
    20,
  );
  expect(straight).toMatch(/^M10 0C/);
  expect(straight).toMatch(/173 50$/);
  const backwards = pathOf(
    [
      { x: 200, y: 0 },
      { x: 100, y: 9 },
      { x: 0, y: 0 },
    ],
    10,
    20,
  );
  expect(backwards).toMatch(/^M190 0C/);
  expect(backwards).toMatch(/27 0$/);
  expect(
    pathOf(
      [
        { x: 5, y: 5 },
        { x: 5, y: 5 },
      ],
      10,
      10,
    ),
  ).toMatch(/^M-1 -3C/);
});

it('arcs are shares of a circle', () => {
  expect(arcOf(0, 10)).toBeNull();
  expect(arcOf(0.25, 10)).toBe('M0 -10A10 10 0 0 1 10 0');
  expect(arcOf(0.75, 10)).toContain(' 1 1 ');
  expect(arcOf(1, 10)).toBe('M0 -10A10 10 0 0 1 0 10A10 10 0 0 1 0 -10');
  expect(arcOf(0.001, 10)).toBe(arcOf(0.04, 10));
});

it('fits all of it into the middle', () => {
  const view = fit({ width: 1000, height: 100 }, { width: 644, height: 400 });
  expect(view.scale).toBe(0.5);
  expect([view.x, view.y]).toEqual([72, 175]);
  expect(fit({ width: 10, height: 10 }, { width: 800, height: 400 }).scale).toBe(1.15);
});

it('zooms at the pointer, within limits', () => {
  const view = zoomAt({ x: 10, y: 20, scale: 1 }, { x: 110, y: 120 }, 2);
  expect(view).toEqual({ x: -90, y: -80, scale: 2 });
  expect(zoomAt(view, { x: 0, y: 0 }, 100).scale).toBe(2.5);
});
