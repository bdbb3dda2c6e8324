import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { EventKind } from '@/api/events';
import { formatAgo } from '@/lib/format';
import { search } from '@/lib/fuzzy';
import { HISTORY_MAX } from '@/model/history';
import { clearSearches, loadSearches } from './searchHistory';
import classes from './Search.module.css';

export function SearchPast({ kind, onChoose }: { kind: EventKind; onChoose: (query: string) => void }) {
  const [past, setPast] = useState(() => loadSearches(kind));
  const [text, setText] = useState('');
  const [now] = useState(() => Date.now());
  const found = search(text, past, (one) => one.query, HISTORY_MAX);
  return (
    <div className={classes.past}>
      <div className={classes.pastHead}>
        <TextInput
          data-autofocus
          aria-label="Find a search"
          placeholder="Find a search"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button
          variant="subtle"
          color="gray"
          disabled={past.length === 0}
          onClick={() => {
            clearSearches(kind);
            setPast([]);
          }}
        >
          Forget all
        </Button>
      </div>
      <div className={classes.pastList}>
        {found.map((one) => (
          <button type="button" key={one.query} onClick={() => onChoose(one.query)}>
            <code>{one.query}</code>
            <small className="num">{formatAgo(now - one.at)}</small>
          </button>
        ))}
        {found.length === 0 && (
          <p className="muted">
            {past.length === 0 ? 'Searches that you run appear here.' : 'No search has these letters.'}
          </p>
        )}
      </div>
    </div>
  );
}
