// Numbers as the paths of a small picture. Zero is the ground; gaps stay gaps.

export interface SparkBar {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function sparkBars(values: readonly (number | null)[], width: number, height: number): SparkBar[] {
  const most = mostOf(values);
  const step = width / Math.max(1, values.length);
  return values.flatMap((value, index): SparkBar[] => {
    if (value === null || value <= 0) return [];
    const tall = Math.max(1.5, (value / most) * height);
    return [
      { x: round(index * step), y: round(height - tall), width: round(Math.max(0.8, step - 0.7)), height: round(tall) },
    ];
  });
}

export function sparkPath(
  values: readonly (number | null)[],
  width: number,
  height: number,
): { line: string; area: string } {
  const most = mostOf(values);
  const step = width / Math.max(1, values.length - 1);
  let [line, area, begun] = ['', '', -1];
  const close = (index: number): void => {
    if (begun >= 0) area += `L${round((index - 1) * step)} ${height}L${round(begun * step)} ${height}Z`;
    begun = -1;
  };
  values.forEach((value, index) => {
    if (value === null) return close(index);
    const point = `${round(index * step)} ${round(height - Math.max(0, value / most) * (height - 1.5) - 0.75)}`;
    const move = begun < 0 ? 'M' : 'L';
    line += move + point;
    area += move + point;
    if (begun < 0) begun = index;
  });
  close(values.length);
  return { line, area };
}

function mostOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0) || 1;
}

const round = (value: number): number => Math.round(value * 100) / 100;
