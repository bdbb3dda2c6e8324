// Where spans would be shown, and there are none: how they come.
import type { ReactNode } from 'react';
import { Empty } from '@/components/common/PageState';
import { sendHere } from './sendHere';

/** The line that matters most for a place. */
const LINES = {
  spans: 'OTEL_SERVICE_NAME=my-service',
  calls: 'OTEL_PROPAGATORS=tracecontext,baggage',
};

export function NoSpans({ of, title, children }: { of: keyof typeof LINES; title: string; children: ReactNode }) {
  return (
    <Empty title={title} lines={sendHere(location.origin, LINES[of])}>
      {children}
    </Empty>
  );
}
