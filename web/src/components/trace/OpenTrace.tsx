// A trace from a file or the clipboard, looked at here and sent nowhere.
import { Button, Modal, Textarea } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useRef, useState, type DragEvent } from 'react';
import { formatCount, formatSeconds } from '@/lib/format';
import { keepOpened } from '@/model/trace/opened';
import { readTraceFile, type TraceFile } from '@/model/trace/traceFile';
import classes from './OpenTrace.module.css';

interface Props {
  onClose: () => void;
  onOpen: (id: string) => void;
}

/** More would not fit the memory of a tab as objects: about six times as much. */
const FILE_BYTES_MAX = 300 * 1024 * 1024;

export function OpenTrace({ onClose, onOpen }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [file, setFile] = useState<TraceFile | null>(null);
  const [isReading, setReading] = useState(false);

  const open = (id: string, from: TraceFile): void => {
    const trace = from.traces.find((one) => one.trace_id === id);
    if (trace === undefined) return;
    keepOpened(trace);
    onOpen(id);
  };
  const take = (text: string): void => {
    const found = readTraceFile(text);
    setFile(found);
    const [first, ...others] = found.traces;
    if (first !== undefined && others.length === 0 && found.problems.length === 0) open(first.trace_id, found);
  };
  const read = async (chosen: File | undefined): Promise<void> => {
    if (chosen === undefined) return;
    if (chosen.size > FILE_BYTES_MAX) {
      setFile({ traces: [], problems: ['Files of more than 300 MiB do not fit a browser’s memory.'] });
      return;
    }
    setReading(true);
    try {
      take(await chosen.text());
    } finally {
      setReading(false);
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    void read(event.dataTransfer.files[0]);
  };

  return (
    <Modal opened onClose={onClose} title="Open a trace from a file" size={600}>
      <div className={classes.body}>
        <button
          type="button"
          className={classes.drop}
          data-over={isOver || undefined}
          onClick={() => input.current?.click()}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          <IconFileUpload size={26} stroke={1.3} />
          <b>{isReading ? 'Reading…' : 'Drop a file here, or choose one'}</b>
          <span>OTLP JSON, Jaeger JSON, or a trace that was downloaded here</span>
        </button>
        <input
          ref={input}
          type="file"
          accept=".json,.jsonl,.ndjson,application/json"
          hidden
          aria-label="Trace file"
          onChange={(event) => void read(event.currentTarget.files?.[0])}
        />
        <Textarea
          aria-label="Trace as JSON"
          placeholder="…or paste the JSON"
          minRows={3}
          maxRows={3}
          value=""
          onChange={(event) => take(event.currentTarget.value)}
          onPaste={(event) => {
            event.preventDefault();
            take(event.clipboardData.getData('text'));
          }}
        />
        {file !== null && <Found file={file} onOpen={(id) => open(id, file)} />}
        <p className="muted">It stays in this tab: nothing is sent to the server.</p>
      </div>
    </Modal>
  );
}

/** How many of a file's traces are offered. */
const LISTED_MAX = 50;

function Found({ file, onOpen }: { file: TraceFile; onOpen: (id: string) => void }) {
  return (
    <>
      {file.problems.map((problem) => (
        <p key={problem} role="alert" className={classes.problem}>
          {problem}
        </p>
      ))}
      {file.traces.length > 0 && (
        <div className={classes.found}>
          {file.traces.slice(0, LISTED_MAX).map((trace) => (
            <div key={trace.trace_id}>
              <code>{trace.trace_id}</code>
              <span className="num">
                {formatCount(trace.spans.length)} spans · {formatSeconds(trace.duration_ns / 1e9)}
              </span>
              <Button onClick={() => onOpen(trace.trace_id)}>Open</Button>
            </div>
          ))}
          {file.traces.length > LISTED_MAX && <p className="muted">and {file.traces.length - LISTED_MAX} more</p>}
        </div>
      )}
    </>
  );
}
