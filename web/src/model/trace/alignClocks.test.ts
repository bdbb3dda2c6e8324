import { expect, it } from 'vitest';
import { clockShifts } from './alignClocks';
import { client, node, server, trace, wireTrace, START } from './fixtures';
import { findSkew } from './findings/skew';
import { plus } from './instant';
import { buildTrace } from './trace';

const MS = 1e6;

/** The shop calls the bank, whose clock is 16 ms behind; what the bank calls by itself moves along. */
const wire = wireTrace([
  node('shop: POST /order', 0, 67, server(), [
    node('shop: charge', 4, 64, client(), [node('bank: Charge', -12, 40, server(), [node('bank: insert', -10, 5)])]),
    node('shop: refund', 10, 60, client(), [node('bank: Refund', 0, 30, server())]),
  ]),
]);

it('moves all of a clock by one amount, so that nothing begins before its cause', () => {
  const raw = buildTrace(wire);
  expect(raw.duration).toBe(79 * MS);
  const shifts = clockShifts(raw);
  // Between 16 ms, when the charge begins with its call, and 24 ms, when it ends with it.
  expect([...shifts.values()]).toEqual([20 * MS, 20 * MS, 20 * MS]);
  const aligned = buildTrace(wire, shifts);
  expect(findSkew(aligned)).toEqual([]);
  expect(aligned.duration).toBe(67 * MS);
  expect(aligned.start).toEqual(START);
  expect(raw.start).toEqual(plus(START, -12 * MS));
  const at = (name: string): number[] => {
    const span = aligned.spans.find((one) => one.name === name);
    return [(span?.start ?? NaN) / MS, (span?.shift ?? NaN) / MS];
  };
  expect(at('POST /order')).toEqual([0, 0]);
  expect(at('Charge')).toEqual([8, 20]);
  expect(at('insert')).toEqual([10, 20]);
  expect(at('Refund')).toEqual([20, 20]);
});

it('leaves a clock alone that is right where that of its caller is not', () => {
  const raw = trace([
    node('shop: GET /', 0, 67, server(), [
      node('shop: GET', 36, 64, client(), [
        node('gateway: GET /search', 20, 47, server(), [node('index: query', 38, 60, server())]),
      ]),
    ]),
  ]);
  const shifts = clockShifts(raw);
  const by = Object.fromEntries([...shifts].map(([wire, shift]) => [wire.service, shift / MS]));
  expect(by).toEqual({ gateway: 16.5 });
});

it('lets begin with its cause what nobody waits for', () => {
  const late = trace([
    node('shop: order', 0, 50, {}, [
      node('shop: send', 10, 12, { span_kind: 'producer' }, [node('mail: take', 2, 400, { span_kind: 'consumer' })]),
    ]),
  ]);
  expect([...clockShifts(late).values()]).toEqual([8 * MS]);
});

it('leaves alone what fits, and what one clock says', () => {
  const fits = trace([node('a: x', 0, 50, client(), [node('b: y', 5, 45, server())])]);
  expect(clockShifts(fits).size).toBe(0);
  const own = trace([node('a: x', 10, 50, {}, [node('a: y', 0, 45)])]);
  expect(clockShifts(own).size).toBe(0);
});
