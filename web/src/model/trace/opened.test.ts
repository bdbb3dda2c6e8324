import { expect, it } from 'vitest';
import { node, wireTrace } from './fixtures';
import { keepOpened, openedTrace } from './opened';

it('keeps the last few', () => {
  for (let i = 0; i < 10; i++) keepOpened(wireTrace([node('a: b', 0, i)], { trace_id: `t${i}` }));
  expect(openedTrace('t9')?.spans).toHaveLength(1);
  expect(openedTrace('t2')).toBeDefined();
  expect(openedTrace('t1')).toBeUndefined();
});
