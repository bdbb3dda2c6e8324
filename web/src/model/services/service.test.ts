import { expect, it } from 'vitest';
import type { Red } from './numbers';
import { buildServices, errorLevel, findServices, sortServices } from './service';

const red = (rate: number, errors: number | null, p95: number | null): Red => ({
  rate,
  errors,
  p50: null,
  p95,
  p99: null,
  busy: null,
});
const release = { service: 'cron', name: '', spans: 1, first: 0, last: 5 };
const services = buildServices({
  now: new Map([
    ['cart', red(10, 0.1, 0.2)],
    ['mail', red(30, 0, null)],
  ]),
  before: new Map([['cart', red(5, 0, 0.1)]]),
  courses: new Map([['cart', [1, 2]]]),
  releases: new Map([['cron', [release, { ...release, name: '2', last: 9 }]]]),
});
const names = (list: readonly { name: string }[]): string[] => list.map((one) => one.name);

it('puts together what each source knows', () => {
  const cart = services.find((one) => one.name === 'cart');
  expect(cart).toMatchObject({ red: { rate: 10 }, before: { rate: 5 }, course: [1, 2], seen: null });
  const cron = services.find((one) => one.name === 'cron');
  expect(cron).toMatchObject({ red: null, seen: 9 });
  expect(cron?.releases.map((one) => one.name)).toEqual(['2']);
});

it('sorts, with what is not known last either way', () => {
  expect(names(sortServices(services, 'rate', true))).toEqual(['mail', 'cart', 'cron']);
  expect(names(sortServices(services, 'rate', false))).toEqual(['cart', 'mail', 'cron']);
  expect(names(sortServices(services, 'p95', false))).toEqual(['cart', 'cron', 'mail']);
  expect(names(sortServices(services, 'name', true))).toEqual(['mail', 'cron', 'cart']);
});

it('finds by a piece of the name', () => {
  expect(names(findServices(services, ' CAR ', null))).toEqual(['cart']);
  expect(names(findServices(services, '', 'mail'))).toEqual(['mail']);
  expect(names(findServices(services, 'car', 'mail'))).toEqual([]);
});

it('tells how bad errors are', () => {
  expect([null, 0, 0.001, 0.02, 0.5].map(errorLevel)).toEqual(['none', 'none', 'some', 'warn', 'bad']);
});
