// The frame of a place that shows a list which can be narrowed by typing: a bar, and a panel below it.
import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useRef, type ReactNode } from 'react';
import { useShortcuts } from '@/components/shell/keys';
import classes from './ListPlace.module.css';

interface Props {
  /** What the panel is, and under which name the keys are explained. */
  title: string;
  find: string;
  onFind: (text: string) => void;
  /** How many there are. */
  count: ReactNode;
  /** At the right end of the bar. */
  children: ReactNode;
  content: ReactNode;
  /** What is shown is the answer to the question before. */
  isStale: boolean;
}

export function ListPlace({ title, find, onFind, count, children, content, isStale }: Props) {
  const input = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', title: 'Find a service', group: title, run: () => input.current?.focus() }]);
  return (
    <div className={classes.page}>
      <div className={classes.bar}>
        <TextInput
          ref={input}
          aria-label="Find a service"
          placeholder="Find a service"
          leftSection={<IconSearch size={13} />}
          value={find}
          onChange={(event) => onFind(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
          }}
          w={260}
        />
        <span className={`${classes.count} num`}>{count}</span>
        <span className={classes.spring} />
        {children}
      </div>
      <section className={classes.panel} aria-label={title} data-stale={isStale || undefined}>
        {content}
      </section>
    </div>
  );
}
