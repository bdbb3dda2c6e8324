import { Empty } from '@/components/common/PageState';
import { sendHere } from '@/components/place/sendHere';
import { Wider } from '@/components/place/Wider';
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
        <p>Nothing in this time range matches the search.</p>
        <p className={classes.ways}>
          <button type="button" className={classes.link} onClick={onClear}>
            Show all lines
          </button>
          <Wider />
        </p>
      </Empty>
    );
  }
  return <HowToSend title="No lines in this time range" />;
}

/** How a service sends its logs here. */
export function HowToSend({ title }: { title: string }) {
  return (
    <Empty title={title} lines={sendHere(location.origin, 'OTEL_LOGS_EXPORTER=otlp')}>
      <p>These lines in the environment of a service with an OpenTelemetry SDK send its logs here.</p>
      <p className={classes.ways}>
        <Wider />
      </p>
    </Empty>
  );
}
