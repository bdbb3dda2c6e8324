// Where events are searched for, the same on every page that has them. What runs is the parent's; what is being typed
// is kept here until Enter.
import { ActionIcon, Button, Loader, Popover, Tooltip } from '@mantine/core';
import { IconHelp, IconHistory, IconSearch, IconX } from '@tabler/icons-react';
import { lazy, Suspense, useRef, useState } from 'react';
import type { EventKind } from '@/api/events';
import { PastList } from '@/components/editor/PastList';
import { useShortcuts } from '@/components/shell/keys';
import { recordPast } from '@/model/history';
import { readSearchFault } from './searchFault';
import { SearchHelp } from './SearchHelp';
import classes from './Search.module.css';

/** Asked for when this page's code runs, not when the box is drawn. */
const loading = import('./SearchEditor');
const SearchEditor = lazy(() => loading.then((module) => ({ default: module.SearchEditor })));

interface Props {
  kind: EventKind;
  /** The search that runs. */
  value: string;
  onRun: (query: string) => void;
  /** What the server is asked, when terms of filters come before the search. */
  asked?: string;
  /** What the server said to it. */
  error?: unknown;
  isFetching?: boolean;
  label?: string;
  placeholder?: string;
  autoFocus?: boolean;
}

export function SearchBox(props: Props) {
  const { kind, value, label = 'Search', placeholder = 'service:checkout status:error "connection reset"' } = props;
  const [draft, setDraft] = useState(value);
  const [known, setKnown] = useState(value);
  const box = useRef<HTMLDivElement>(null);
  // A search from elsewhere (a link, a click on a value, Back) takes the place of what is typed.
  if (known !== value) {
    setKnown(value);
    setDraft(value);
  }
  const run = (text: string): void => {
    const query = text.trim();
    setDraft(query);
    recordPast(kind, [query], Date.now());
    props.onRun(query);
  };
  useShortcuts([{ keys: '/', title: 'Write a search', group: 'Search', run: () => focusIn(box.current) }]);

  const isEdited = draft.trim() !== value;
  const fault = isEdited ? null : readSearchFault(props.error, value, props.asked);
  return (
    <div ref={box} className={classes.box} data-bad={fault !== null || undefined} role="search">
      <IconSearch size={15} stroke={1.8} className={classes.glass} />
      <div className={classes.editor}>
        <Suspense fallback={<pre className={classes.wait}>{draft === '' ? placeholder : draft}</pre>}>
          <SearchEditor
            kind={kind}
            value={draft}
            label={label}
            placeholder={placeholder}
            fault={fault?.place ?? null}
            autoFocus={props.autoFocus === true}
            onChange={setDraft}
            onRun={() => run(draft)}
          />
        </Suspense>
      </div>
      <div className={classes.side}>
        {props.isFetching === true && <Loader size={14} />}
        {draft !== '' && (
          <Tooltip label="Clear">
            <ActionIcon size={22} aria-label="Clear the search" onClick={() => run('')}>
              <IconX size={14} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        )}
        <Past kind={kind} onChoose={run} />
        <Help onChoose={(text) => setDraft(text)} />
        <Button
          className={classes.run}
          data-changed={isEdited || undefined}
          variant="filled"
          onClick={() => run(draft)}
        >
          Search
        </Button>
      </div>
      {fault !== null && (
        <p className={classes.fault} role="alert">
          {fault.line !== null && <b className="num">Column {fault.column}: </b>}
          {fault.message}
          {fault.hint !== null && <span>{fault.hint}</span>}
        </p>
      )}
    </div>
  );
}

function Past({ kind, onChoose }: { kind: EventKind; onChoose: (query: string) => void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label="Searches before this">
          <ActionIcon size={22} aria-label="Search history" onClick={() => setOpen(!isOpen)}>
            <IconHistory size={15} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <PastList
          of={kind}
          onChoose={(query) => {
            setOpen(false);
            onChoose(query);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function Help({ onChoose }: { onChoose: (query: string) => void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label="How to write a search">
          <ActionIcon size={22} aria-label="Search language" onClick={() => setOpen(!isOpen)}>
            <IconHelp size={15} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <SearchHelp
          onChoose={(query) => {
            setOpen(false);
            onChoose(query);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function focusIn(box: HTMLElement | null): void {
  box?.querySelector<HTMLElement>('.cm-content')?.focus();
}
