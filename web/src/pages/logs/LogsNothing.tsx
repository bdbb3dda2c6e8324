import { Empty } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { useHasLines } from './useLogs';
import classes from './Logs.module.css';

interface Props {
  q: string;
  onClear: () => void;
}

/** No line is found: because none match, or because none come. */
export function LogsNothing({ q, onClear }: Props) {
  const hasLines = useHasLines(q !== '');
  if (q !== '' && hasLines !== false) {
    return (
      <Empty title="No line is found">
        Nothing in this time range matches the search.{' '}
        <button type="button" className={classes.link} onClick={onClear}>
          Show all lines
        </button>
        <Wider />
      </Empty>
    );
  }
  return <HowToSend title="No lines in this time range" />;
}

/** How a service sends its logs here. */
export function HowToSend({ title }: { title: string }) {
  const host = location.hostname.includes(':') ? `[${location.hostname}]` : location.hostname;
  const lines = `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
OTEL_LOGS_EXPORTER=otlp`;
  return (
    <Empty title={title} lines={lines}>
      These lines in the environment of a service with an OpenTelemetry SDK send its logs here. The address of this
      page, <code>{location.origin}</code>, takes them too.
      <Wider />
    </Empty>
  );
}

const WEEK_MS = 7 * 86_400_000;

/** What is looked for may be older. */
function Wider() {
  const { resolved, setRange } = useTime();
  if (resolved.to - resolved.from >= WEEK_MS) return null;
  return (
    <>
      {' · '}
      <button type="button" className={classes.link} onClick={() => setRange({ from: 'now-7d', to: 'now' })}>
        Look in the last 7 days
      </button>
    </>
  );
}
