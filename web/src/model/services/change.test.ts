import { expect, it } from 'vitest';
import { pointsChange, relativeChange } from './change';

it('tells relative changes by what they mean', () => {
  expect(relativeChange(120, 100, 'less')).toEqual({ text: '+20 %', meaning: 'bad', isSmall: false });
  expect(relativeChange(70, 100, 'less')).toEqual({ text: '−30 %', meaning: 'good', isSmall: false });
  expect(relativeChange(105, 100, 'less')).toEqual({ text: '+5 %', meaning: 'neutral', isSmall: true });
  expect(relativeChange(200, 100, 'any')?.meaning).toBe('neutral');
  expect(relativeChange(420, 100, 'less')?.text).toBe('×4.2');
});

it('tells what cannot be compared', () => {
  expect(relativeChange(1, null, 'less')).toBeNull();
  expect(relativeChange(0, 0, 'less')).toBeNull();
  expect(relativeChange(3, 0, 'any')?.text).toBe('new');
});

it('tells shares in points', () => {
  expect(pointsChange(0.031, 0.01)).toEqual({ text: '+2.1 pt', meaning: 'bad', isSmall: false });
  expect(pointsChange(0.01, 0.05)?.meaning).toBe('good');
  expect(pointsChange(0.012, 0.01)).toEqual({ text: '+0.2 pt', meaning: 'neutral', isSmall: true });
  expect(pointsChange(0.01, 0.01)).toBeNull();
});
