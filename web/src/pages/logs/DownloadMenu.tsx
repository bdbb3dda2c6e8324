import { Button, Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { searchEvents, type EventQuery, type WireLog, type WireSearch } from '@/api/events';
import { download } from '@/lib/browser';
import { formatCount } from '@/lib/format';
import { ANSWER_LINES_MAX, EXPORT_LINES_MAX, logsCsv, logsNdjson } from '@/model/logs/export';

interface Props {
  query: EventQuery<'log'>;
  /** How many lines there are; null when that is not known. */
  total: number | null;
}

/** Answer after answer, until there are enough. */
async function allLines(query: EventQuery<'log'>, onCount: (count: number) => void): Promise<WireLog[]> {
  const lines: WireLog[] = [];
  let cursor: string | null = null;
  do {
    onCount(lines.length);
    const limit = Math.min(ANSWER_LINES_MAX, EXPORT_LINES_MAX - lines.length);
    const answer: WireSearch<WireLog> = await searchEvents(query, cursor === null ? { limit } : { limit, cursor });
    lines.push(...answer.events);
    cursor = answer.next;
  } while (cursor !== null && lines.length < EXPORT_LINES_MAX);
  return lines;
}

export function DownloadMenu({ query, total }: Props) {
  const [state, setState] = useState<'idle' | 'busy' | Error>('idle');
  const [count, setCount] = useState(0);
  const isCut = total === null || total > EXPORT_LINES_MAX;
  const save = async (type: 'ndjson' | 'csv'): Promise<void> => {
    setState('busy');
    try {
      const events = await allLines(query, setCount);
      const name = `logs-${new Date(query.end * 1000).toISOString().slice(0, 19).replace(/:/g, '')}.${type}`;
      if (type === 'csv') download(name, logsCsv(events), 'text/csv');
      else download(name, logsNdjson(events), 'application/x-ndjson');
      setState('idle');
    } catch (error) {
      setState(error instanceof Error ? error : new Error('The lines could not be loaded.'));
    }
  };
  return (
    <Menu position="bottom-end" width={300}>
      <Menu.Target>
        <Button leftSection={<IconDownload size={15} stroke={1.7} />} disabled={state === 'busy'} className="num">
          {state === 'busy' ? formatCount(count) : 'Download'}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {isCut
            ? `The latest ${formatCount(EXPORT_LINES_MAX)} lines found${total === null ? ', if there are so many' : ` of ${formatCount(total)}`}`
            : `All ${formatCount(total)} lines found`}
        </Menu.Label>
        <Menu.Item closeMenuOnClick onClick={() => void save('ndjson')}>
          JSON, an event a line
        </Menu.Item>
        <Menu.Item onClick={() => void save('csv')}>CSV, a column an attribute</Menu.Item>
        {state instanceof Error && <Menu.Label c="var(--bad)">{state.message}</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  );
}
