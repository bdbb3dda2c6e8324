// What was asked before, to ask again.
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { formatAgo } from '@/lib/format';
import { search } from '@/lib/fuzzy';
import { forgetPast, HISTORY_MAX, loadPast, type PastOf } from '@/model/history';
import classes from './PastList.module.css';

interface Props {
  of: PastOf;
  onChoose: (query: string) => void;
}

export function PastList({ of, onChoose }: Props) {
  const [past, setPast] = useState(() => loadPast(of));
  const [text, setText] = useState('');
  const [now] = useState(() => Date.now());
  const found = search(text, past, (one) => one.query, HISTORY_MAX);
  const [one, many] = of === 'promql' ? ['query', 'Queries'] : ['search', 'Searches'];
  return (
    <div className={classes.past}>
      <div className={classes.head}>
        <TextInput
          data-autofocus
          aria-label={`Find a ${one}`}
          placeholder={`Find a ${one}`}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button
          variant="subtle"
          color="gray"
          disabled={past.length === 0}
          onClick={() => {
            forgetPast(of);
            setPast([]);
          }}
        >
          Forget all
        </Button>
      </div>
      <div className={classes.list}>
        {found.map((entry) => (
          <button type="button" key={entry.query} onClick={() => onChoose(entry.query)}>
            <code>{entry.query}</code>
            <small className="num">{formatAgo(now - entry.at)}</small>
          </button>
        ))}
        {found.length === 0 && (
          <p className="muted">
            {past.length === 0 ? `${many} that you run appear here.` : `No ${one} has these letters.`}
          </p>
        )}
      </div>
    </div>
  );
}
