import { expect, it } from 'vitest';
import { labelUse } from './labelUse';

it('counts values, the widest label first', () => {
  const use = labelUse([
    { __name__: 'x', job: 'n', cpu: '0' },
    { __name__: 'x', job: 'n', cpu: '1' },
    { __name__: 'x', job: 'n', cpu: '1' },
  ]);
  expect(use.map((one) => one.name)).toEqual(['cpu', 'job']);
  expect(use[0]?.values).toEqual([
    { value: '1', series: 2 },
    { value: '0', series: 1 },
  ]);
  expect(labelUse([])).toEqual([]);
});
