// The promises that tokens.css makes, checked on the numbers.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

type Rgb = [number, number, number];

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function tokens(scheme: string): Map<string, Rgb> {
  const block = css.split(`[data-mantine-color-scheme='${scheme}'] {`)[1]?.split('\n}')[0] ?? '';
  const out = new Map<string, Rgb>();
  for (const [, name, hex] of block.matchAll(/--([\w-]+):\s*#([0-9a-f]{6});/g)) {
    if (name === undefined || hex === undefined) continue;
    const at = (i: number): number => parseInt(hex.slice(i, i + 2), 16) / 255;
    out.set(name, [at(0), at(2), at(4)]);
  }
  return out;
}

const linear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: Rgb, b: Rgb): number {
  const luminance = (rgb: Rgb): number => {
    const [r, g, bl] = rgb.map(linear) as Rgb;
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [hi, lo] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (hi + 0.05) / (lo + 0.05);
}

/** Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB. */
const VISION: Record<string, Rgb[]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** Oklab (Ottosson 2020): distances follow what the eye sees. */
function lab(rgb: Rgb, vision: string): Rgb {
  const lin = rgb.map(linear) as Rgb;
  const mix = (row: Rgb): number => Math.max(0, row[0] * lin[0] + row[1] * lin[1] + row[2] * lin[2]);
  const [r, g, b] = (VISION[vision] ?? []).map(mix) as Rgb;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function distance(a: Rgb, b: Rgb, vision: string): number {
  const [x, y] = [lab(a, vision), lab(b, vision)];
  return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
}

describe.each(['light', 'dark'])('%s', (scheme) => {
  const all = tokens(scheme);
  const of = (name: string): Rgb => {
    const found = all.get(name);
    if (found === undefined) throw new Error(`no token ${name}`);
    return found;
  };

  it('has text that can be read on every surface', () => {
    for (const text of ['text', 'text-2', 'accent']) {
      for (const ground of ['bg', 'surface', 'surface-2']) {
        expect(contrast(of(text), of(ground)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
    expect(contrast(of('text-3'), of('surface')), 'text-3').toBeGreaterThanOrEqual(4.5);
    expect(contrast(of('on-accent'), of('accent')), 'on-accent').toBeGreaterThanOrEqual(4.5);
  });

  it('has states that can be read, on their own ground too', () => {
    for (const state of ['ok', 'warn', 'bad']) {
      expect(contrast(of(state), of('surface')), state).toBeGreaterThanOrEqual(4.5);
      expect(contrast(of(state), of(`${state}-soft`)), `${state}-soft`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('has lines that stand out', () => {
    for (let i = 1; i <= 10; i++) {
      expect(contrast(of(`series-${i}`), of('surface')), `series-${i}`).toBeGreaterThanOrEqual(3);
    }
  });

  it('has services that stand out, each from the others and from what failed', () => {
    for (let i = 1; i <= 16; i++) {
      const service = of(`service-${i}`);
      expect(contrast(service, of('surface')), `service-${i}`).toBeGreaterThanOrEqual(3);
      for (const state of ['bad', 'warn']) {
        expect(distance(service, of(state), 'normal'), `service-${i} and ${state}`).toBeGreaterThan(0.1);
      }
      for (let j = 1; j < i; j++) {
        const apart = distance(service, of(`service-${j}`), 'normal');
        expect(apart, `service-${i} and service-${j}`).toBeGreaterThan(0.09);
      }
    }
  });

  it('has code that can be read', () => {
    for (const [name, rgb] of all) {
      if (name.startsWith('code-')) expect(contrast(rgb, of('surface')), name).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(Object.keys(VISION))('tells good from bad with %s eyes', (vision) => {
    expect(distance(of('ok'), of('bad'), vision)).toBeGreaterThan(0.1);
    expect(distance(of('series-1'), of('series-2'), vision)).toBeGreaterThan(0.15);
    expect(distance(of('series-2'), of('series-3'), vision)).toBeGreaterThan(0.1);
  });
});

it('names the same tokens in both schemes', () => {
  expect([...tokens('light').keys()].sort()).toEqual([...tokens('dark').keys()].sort());
});
