// Numbers as people read them: short, with their unit, the same width where they stand below each other.

/** What a value counts. `ratio` is shown as percent; `timestamp` is seconds since 1970. */
export type Unit =
  | 'none'
  | 'count'
  | 'per-second'
  | 'bytes'
  | 'bytes/s'
  | 'bits/s'
  | 'seconds'
  | 'milliseconds'
  | 'ratio'
  | 'celsius'
  | 'hertz'
  | 'volts'
  | 'amperes'
  | 'joules'
  | 'watts'
  | 'timestamp'
  | 'bool';

/** Of units whose numbers take decimal prefixes. */
export const SUFFIX: Partial<Record<Unit, string>> = {
  'per-second': '/s',
  'bits/s': 'bit/s',
  celsius: '°C',
  hertz: 'Hz',
  volts: 'V',
  amperes: 'A',
  joules: 'J',
  watts: 'W',
};

export const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
export const DECIMAL: readonly [number, string][] = [
  [1e18, 'E'],
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

export function formatValue(value: number, unit: Unit = 'none'): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '−Inf';
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'bytes/s':
      return `${formatBytes(value)}/s`;
    case 'milliseconds':
      return formatSeconds(value / 1000);
    case 'seconds':
      return formatSeconds(value);
    case 'ratio':
      return `${trim(value * 100)} %`;
    case 'timestamp':
      return new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' ');
    default:
      return formatDecimal(value, SUFFIX[unit] ?? '');
  }
}

/** Four significant digits: enough to tell neighbours apart, short enough for a column. */
function trim(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e21) return minus(value.toExponential(2));
  const digits = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4;
  const text = value.toFixed(digits);
  return minus(text.includes('.') ? text.replace(/\.?0+$/, '') : text);
}

function minus(text: string): string {
  return text.startsWith('-') ? `−${text.slice(1)}` : text;
}

/** Thousands are written out to 9,999, so that small counts stay exact. */
function formatDecimal(value: number, suffix: string): string {
  const size = Math.abs(value);
  const [scale, prefix] = (size < 10_000 ? undefined : DECIMAL.find(([limit]) => size >= limit)) ?? [1, ''];
  return `${trim(value / scale)} ${prefix}${suffix}`.trimEnd();
}

export function formatBytes(value: number): string {
  const size = Math.abs(value);
  const power = size < 1 ? 0 : Math.min(BINARY.length - 1, Math.floor(Math.log2(size) / 10));
  return `${trim(value / 2 ** (10 * power))} ${BINARY[power] ?? ''}`;
}

/** Below a minute with a prefix, above it in two parts: 1.5 ms, 2 min 5 s, 3 d 4 h. */
export function formatSeconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1e-6) return `${trim(value * 1e9)} ns`;
  if (size < 1e-3) return `${trim(value * 1e6)} µs`;
  if (size < 1) return `${trim(value * 1e3)} ms`;
  if (size < 60) return `${trim(value)} s`;
  const sign = value < 0 ? '−' : '';
  const whole = Math.round(size);
  if (whole < 3600) return sign + twoParts(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400) return sign + twoParts(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  const hours = Math.floor((whole % 86_400) / 3600);
  return sign + twoParts(Math.floor(whole / 86_400), 'd', hours, 'h');
}

function twoParts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Whole numbers with thin groups: 1 234 567 reads the same in every country. */
export function formatCount(value: number): string {
  return minus(Math.round(value).toString()).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

const AGES: [number, string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
];

/** How long ago: `3.2 s ago`, `2 min ago`, in one unit as ages are rough; the future reads `in 3 s`. */
export function formatAgo(milliseconds: number): string {
  const seconds = Math.abs(milliseconds) / 1000;
  const whole = Math.round(seconds);
  const [size, unit] = AGES.find(([least]) => whole >= least) ?? [1, 's'];
  const text = seconds < 9.95 ? `${seconds.toFixed(1)} s` : `${Math.floor(whole / size)} ${unit}`;
  return milliseconds < -50 ? `in ${text}` : `${text} ago`;
}
