// Each target's `up` over the time range, in a handful of cells.
import type { Labels, QueryData } from '@/api/query';
import { NAME } from './labels';
import { gridPoints, type Grid } from './step';

export type Cell = 'up' | 'down' | 'mixed' | 'none';

export const CELLS = 48;

/** The same for the labels of a target and for those of its `up`. */
export function stripKey(labels: Labels): string {
  return JSON.stringify(
    Object.entries(labels)
      .filter(([name]) => name !== NAME)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** `data` answers `avg_over_time(up[step])`: between 0 and 1 the target was both up and down in a cell. */
export function healthStrips(data: QueryData, grid: Grid): Map<string, Cell[]> {
  const strips = new Map<string, Cell[]>();
  if (data.resultType !== 'matrix') return strips;
  const points = gridPoints(grid);
  for (const item of data.result) {
    const cells = new Array<Cell>(points).fill('none');
    for (const [time, text] of item.values ?? []) {
      const index = Math.round((time - grid.start) / grid.step);
      if (index < 0 || index >= points) continue;
      const value = Number(text);
      cells[index] = value >= 1 ? 'up' : value <= 0 ? 'down' : 'mixed';
    }
    strips.set(stripKey(item.metric), cells);
  }
  return strips;
}
