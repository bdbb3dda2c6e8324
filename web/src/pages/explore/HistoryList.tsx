import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { formatAgo } from '@/lib/format';
import { search } from '@/lib/fuzzy';
import { clearHistory, HISTORY_MAX, loadHistory } from '@/model/history';
import classes from './Explore.module.css';

export function HistoryList({ onChoose }: { onChoose: (query: string) => void }) {
  const [past, setPast] = useState(loadHistory);
  const [text, setText] = useState('');
  const [now] = useState(() => Date.now());
  const found = search(text, past, (one) => one.query, HISTORY_MAX);
  return (
    <div className={classes.history}>
      <div className={classes.historyHead}>
        <TextInput
          data-autofocus
          aria-label="Find a query"
          placeholder="Find a query"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button
          variant="subtle"
          color="gray"
          disabled={past.length === 0}
          onClick={() => {
            clearHistory();
            setPast([]);
          }}
        >
          Forget all
        </Button>
      </div>
      <div className={classes.historyList}>
        {found.map((one) => (
          <button type="button" key={one.query} onClick={() => onChoose(one.query)}>
            <code>{one.query}</code>
            <small className="num">{formatAgo(now - one.at)}</small>
          </button>
        ))}
        {found.length === 0 && (
          <p className="muted">
            {past.length === 0 ? 'Queries that you run appear here.' : 'No query has these letters.'}
          </p>
        )}
      </div>
    </div>
  );
}
