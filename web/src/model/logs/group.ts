// Grouped events as a table: what each column holds, and how its numbers read.
import type { AttributeValue, WireGroups } from '@/api/events';
import { formatCount, formatValue } from '@/lib/format';
import { printMoment } from '@/model/timeRange';
import { fieldTerm, quoteField } from './terms';

/** The server groups by no more. */
export const KEYS_MAX = 4;
export const AGGREGATES_MAX = 8;

export const FUNCTIONS = ['avg', 'min', 'max', 'sum', 'p50', 'p75', 'p90', 'p95', 'p99', 'count_distinct'] as const;
/** Aggregates without a field. */
export const PLAIN = ['count', 'rate', 'error_rate'] as const;

export type Cell = string | number | boolean | null;

export interface GroupTable {
  columns: { name: string; isKey: boolean; format: (cell: Cell) => string }[];
  rows: Cell[][];
  /** The largest number of the first aggregate: bars are drawn against it. */
  most: number;
  /** Groups that there were, of which these are some. */
  groups: number;
}

export function readGroups(wire: WireGroups, keys: number, utc: boolean): GroupTable {
  const rows = wire.rows;
  return {
    columns: wire.columns.map((column, index) => ({
      name: column.name,
      isKey: index < keys,
      format: index < keys ? printKey : formatOf(column, utc),
    })),
    rows,
    most: rows.reduce((most, row) => Math.max(most, Number(row[keys] ?? 0)), 0),
    groups: wire.groups ?? rows.length,
  };
}

const printKey = (cell: Cell): string => (cell === null ? 'none' : cell === '' ? '""' : String(cell));

function formatOf(column: WireGroups['columns'][number], utc: boolean): (cell: Cell) => string {
  const isTime = /\((?:observed_)?time\)$/.test(column.name);
  return (cell) => {
    if (cell === null) return '–';
    if (typeof cell !== 'number') return String(cell);
    if (isTime) return printMoment(cell / 1e6, utc);
    if (column.unit === 'ns') return formatValue(cell / 1e9, 'seconds');
    if (column.unit === 'ratio') return formatValue(Number(cell.toPrecision(3)), 'ratio');
    if (column.unit === '1/s') return formatValue(cell, 'per-second');
    return column.type === 'int' ? formatCount(cell) : formatValue(cell);
  };
}

/** What finds the events of a row. */
export function rowTerms(names: readonly string[], row: readonly Cell[]): string[] {
  return names.flatMap((name, index) => {
    const value = row[index] ?? null;
    if (value === null) return [`-exists:${quoteField(name)}`];
    const term = fieldTerm(name, value as AttributeValue);
    return term === null ? [] : [term];
  });
}

/** `-count`, as the server orders. */
export function nextOrder(order: string, column: string, isKey: boolean): string {
  if (order === column) return `-${column}`;
  if (order === `-${column}`) return column;
  return isKey ? column : `-${column}`;
}

/** RFC 4180. */
export function groupRows(table: GroupTable): string[][] {
  return [
    table.columns.map((column) => column.name),
    ...table.rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell)))),
  ];
}
