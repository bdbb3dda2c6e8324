// Comma-separated values (RFC 4180) of what a view shows.
import { NAME, printSeries } from './labels';
import type { Chart } from './chart';
import type { VectorTable } from './vector';

export function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

const line = (fields: string[]): string => `${fields.map(field).join(',')}\r\n`;

/** A row a moment, a column a series. */
export function chartCsv(chart: Chart): string {
  const several = new Set(chart.series.map((one) => one.query)).size > 1;
  const names = chart.series.map((one) => (several ? `${one.query}: ` : '') + printSeries(one.labels));
  const rows = chart.times.map((time, index) => {
    const values = chart.series.map((one) => one.values[index]);
    return line([new Date(time * 1000).toISOString(), ...values.map((value) => (value == null ? '' : String(value)))]);
  });
  return line(['time', ...names]) + rows.join('');
}

/** A row a series, a column a label. */
export function tableCsv(table: VectorTable): string {
  const names = [...new Set(table.rows.flatMap((row) => Object.keys(row.labels)))].sort((a, b) =>
    a === NAME ? -1 : b === NAME ? 1 : a.localeCompare(b),
  );
  const rows = table.rows.map((row) =>
    line([...names.map((name) => row.labels[name] ?? ''), row.text, new Date(row.time * 1000).toISOString()]),
  );
  return line([...names, 'value', 'time']) + rows.join('');
}
