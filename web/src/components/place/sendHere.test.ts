import { expect, it } from 'vitest';
import { sendHere } from './sendHere';

it('names the address that the page came from, and no other port', () => {
  expect(sendHere('https://pharos.example:9090', 'OTEL_LOGS_EXPORTER=otlp').split('\n')).toEqual([
    'OTEL_EXPORTER_OTLP_ENDPOINT=https://pharos.example:9090',
    'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    'OTEL_LOGS_EXPORTER=otlp',
  ]);
});
