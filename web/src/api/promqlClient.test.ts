import { EqlRegex, EqlSingle, Neq } from '@prometheus-io/lezer-promql';
import { expect, it } from 'vitest';
import { encodeLabelName } from './metadata';
import { selector } from './promqlClient';

const matcher = (type: number, name: string, value: string) => ({
  type,
  name,
  value,
  matchesEmpty: () => value === '',
});

it('asks within what is typed already', () => {
  const typed = [matcher(EqlRegex, 'job', 'a|b'), matcher(Neq, 'env', 'x"y'), matcher(EqlSingle, 'mode', 'idle')];
  expect(selector('cpu', 'mode', typed)).toBe('{__name__="cpu",job=~"a|b",env!="x\\"y"}');
  expect(selector(undefined, 'mode', [])).toBeUndefined();
  expect(selector('', '', undefined)).toBeUndefined();
});

it('escapes label names for a path', () => {
  expect(encodeLabelName('__name__')).toBe('__name__');
  expect(encodeLabelName('http.status_code')).toBe('U__http_2e_status__code');
  expect(encodeLabelName('ключ 1')).toBe('U___43a__43b__44e__447__20_1');
});
