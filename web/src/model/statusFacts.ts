// What the server says about itself, as facts with names, values in units, and groups.
import type { BuildInfo, RuntimeInfo } from '@/api/status';
import { formatBytes, formatCount } from '@/lib/format';
import { printMoment } from './timeRange';

export interface Fact {
  name: string;
  value: string;
  /** Milliseconds since 1970, for facts that are a moment. */
  at?: number;
  isBad?: boolean;
}

const NAMES: Record<string, string> = {
  startTime: 'Started',
  reloadConfigSuccess: 'Last reload',
  lastConfigTime: 'Configuration from',
  storageRetention: 'Metrics kept for',
  corruptionCount: 'Corruptions of the log',
  GOMEMLIMIT: 'Memory limit',
  GOMAXPROCS: 'Processors used',
  goroutineCount: 'Tasks',
  hostname: 'Host',
  serverTime: 'Clock of the server',
  CWD: 'Working directory',
  GOGC: 'GOGC',
  GODEBUG: 'GODEBUG',
  version: 'Version',
  revision: 'Revision',
  branch: 'Branch',
  buildUser: 'Built by',
  buildDate: 'Built',
  goVersion: 'Compiler',
};

/** Go says "no limit" with the largest number it has. */
const NO_LIMIT = 2 ** 62;

/** As they are named above, what is not named last; without what is empty. */
function inOrder<T>(entries: [string, T][]): [string, T][] {
  const order = Object.keys(NAMES);
  const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return entries.filter(([, value]) => value !== '').sort(([a], [b]) => rank(a) - rank(b));
}

export function runtimeFacts(info: RuntimeInfo, utc: boolean): Fact[] {
  return inOrder(Object.entries(info)).map(([key, value]) => runtimeFact(key, value, utc));
}

function runtimeFact(key: string, value: string | number | boolean, utc: boolean): Fact {
  const name = NAMES[key] ?? key;
  if (key === 'reloadConfigSuccess')
    return { name, value: value === true ? 'Accepted' : 'Refused', isBad: value !== true };
  if (key === 'corruptionCount') return { name, value: formatCount(Number(value)), isBad: Number(value) > 0 };
  if (key === 'GOMEMLIMIT') return { name, value: Number(value) >= NO_LIMIT ? 'none' : formatBytes(Number(value)) };
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) {
    const at = Date.parse(value);
    return Number.isNaN(at) ? { name, value } : { name, value: printMoment(at, utc), at };
  }
  return { name, value: typeof value === 'number' ? formatCount(value) : String(value) };
}

export function buildFacts(info: BuildInfo): Fact[] {
  return inOrder(Object.entries(info)).map(([key, value]) => ({ name: NAMES[key] ?? key, value }));
}

export interface Flag {
  name: string;
  value: string;
}

/** By name; found by name or value. */
export function findFlags(flags: Record<string, string>, text: string): Flag[] {
  const needle = text.trim().toLowerCase().replace(/^--/, '');
  return Object.entries(flags)
    .map(([name, value]) => ({ name, value }))
    .filter((flag) => `${flag.name}=${flag.value}`.toLowerCase().includes(needle))
    .sort((a, b) => a.name.localeCompare(b.name));
}
