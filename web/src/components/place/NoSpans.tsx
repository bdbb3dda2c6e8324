// Where spans would be shown, and there are none: how they come.
import type { ReactNode } from 'react';
import { Empty } from '@/components/common/PageState';

/** The three lines that matter most for a place; the address is that of this very server. */
const LINES = {
  spans: 'OTEL_SERVICE_NAME=my-service',
  calls: 'OTEL_PROPAGATORS=tracecontext,baggage',
};

export function NoSpans({ of, title, children }: { of: keyof typeof LINES; title: string; children: ReactNode }) {
  const host = location.hostname.includes(':') ? `[${location.hostname}]` : location.hostname;
  const lines = `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
${LINES[of]}`;
  return (
    <Empty title={title} lines={lines}>
      {children}
    </Empty>
  );
}
