import { expect, it } from 'vitest';
import type { WireLog } from '@/api/events';
import { logsCsv, logsNdjson } from './export';

const events: WireLog[] = [
  {
    id: 'l1',
    kind: 'log',
    time: '2026-01-01T00:00:00.000000001Z',
    severity: 17,
    severity_text: 'ERROR',
    service: 'cart',
    body: 'said "no", twice\nand left',
    attributes: { 'http.status': 500, tags: ['a'] },
    resource: { 'k8s.pod.name': 'cart-1' },
  },
  { id: 'l2', kind: 'log', time: '2026-01-01T00:00:01Z', severity: 9, body: 'ok', attributes: { other: true } },
];

it('writes a line of JSON an event', () => {
  const lines = logsNdjson(events).trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as WireLog).id)).toEqual(['l1', 'l2']);
});

it('writes a column an attribute, quoted where needed', () => {
  const [head, ...rows] = logsCsv(events).split('\r\n');
  expect(head).toContain('body,http.status,other,tags,resource.k8s.pod.name');
  expect(rows[0]).toBe(
    '2026-01-01T00:00:00.000000001Z,ERROR,cart,,,,,,,"said ""no"", twice\nand left",500,,"[""a""]",cart-1',
  );
  expect(rows[1]).toBe('2026-01-01T00:00:01Z,9,,,,,,,,ok,,true,,');
});
