// How an SDK of OpenTelemetry is told to send here.

/**
 * The address of this very page takes OTLP under /v1, whatever other ports are open and whatever stands in between: it
 * is known to be reached. `origin` is without a slash at its end.
 */
export function sendHere(origin: string, ...more: string[]): string {
  return [`OTEL_EXPORTER_OTLP_ENDPOINT=${origin}`, 'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf', ...more].join('\n');
}
