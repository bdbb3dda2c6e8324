// The colours of services: one for each, the same on every page. This browser remembers them.
import { recall, remember } from '@/lib/storage';
import { Colours } from '@/model/trace/colours';

/** How many tokens.css has. Red and orange are not among them: they are those of errors and warnings. */
const COUNT = 16;
/** About 30 bytes each: 15 KB of what the browser keeps. */
const NAMES_MAX = 500;
const KEY = 'services.colours';

const isGiven = (value: unknown): value is [string, number][] =>
  Array.isArray(value) &&
  value.every((one) => Array.isArray(one) && typeof one[0] === 'string' && typeof one[1] === 'number');

const colours = new Colours(COUNT, NAMES_MAX, recall(KEY, isGiven, []));

function indexOf(service: string): number {
  const { colour, isNew } = colours.of(service);
  if (isNew) remember(KEY, colours.entries());
  return colour;
}

/** For styles, where variables work. */
export function serviceColour(service: string): string {
  return `var(--service-${indexOf(service) + 1})`;
}

/** For a canvas, which cannot resolve variables by itself. Read anew for each scheme. */
export function readServiceInk(): (service: string) => string {
  const style = getComputedStyle(document.documentElement);
  const ink = Array.from({ length: COUNT }, (_, index) => style.getPropertyValue(`--service-${index + 1}`).trim());
  return (service) => ink[indexOf(service)] ?? '';
}
