// The fields that the lines found have, each with its commonest values.
import { ActionIcon, Loader, TextInput, Tooltip } from '@mantine/core';
import {
  IconChevronRight,
  IconColumnInsertRight,
  IconFilterMinus,
  IconLayoutList,
  IconSearch,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { EventQuery } from '@/api/events';
import type { LineActions } from '@/components/logs/LogDetail';
import { readSearchFault } from '@/components/search/searchFault';
import { useTime } from '@/components/shell/time';
import { formatCount } from '@/lib/format';
import { unquote } from '@/model/logs/columns';
import { groupFields, SCOPE_TITLES, type Field } from '@/model/logs/fields';
import { printTime, printValue } from '@/model/logs/line';
import { fieldTerm, hasTerm, not } from '@/model/logs/terms';
import { describeRange } from '@/model/timeRange';
import { useFields, useTopValues } from './useLogs';
import classes from './Fields.module.css';

interface Props {
  query: EventQuery<'log'>;
  actions: LineActions;
}

interface PanelProps extends Props {
  /** Lines come while the counts stand still. */
  isLive: boolean;
}

/** Open from the start: what nearly every search begins with. */
const OPEN = ['severity', 'service'];

export function FieldsPanel({ query, actions, isLive }: PanelProps) {
  const { fields, isLoading } = useFields(query, true);
  const [find, setFind] = useState('');
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set(OPEN));
  const toggle = (name: string): void => {
    const next = new Set(open);
    if (!next.delete(name)) next.add(name);
    setOpen(next);
  };
  const groups = groupFields(fields, find);
  return (
    <aside className={classes.panel} aria-label="Fields">
      <div className={classes.find}>
        <TextInput
          aria-label="Find a field"
          placeholder="Find a field"
          leftSection={<IconSearch size={13} />}
          value={find}
          onChange={(event) => setFind(event.currentTarget.value)}
        />
      </div>
      {isLive && <AsOf seconds={query.end} />}
      <div className={classes.list}>
        {isLoading && <Loader size={14} m="sm" />}
        {groups.map((group) => (
          <section key={group.scope} aria-label={SCOPE_TITLES[group.scope]}>
            <h3>{SCOPE_TITLES[group.scope]}</h3>
            {group.fields.map((field) => (
              <FieldRow
                key={field.name}
                field={field}
                isOpen={open.has(field.name)}
                query={query}
                actions={actions}
                onToggle={() => toggle(field.name)}
              />
            ))}
          </section>
        ))}
        {!isLoading && groups.length === 0 && (
          <p className="muted">{fields.length === 0 ? 'No fields' : 'No field has these letters.'}</p>
        )}
      </div>
    </aside>
  );
}

/** Counting each second would cost more than it tells. */
function AsOf({ seconds }: { seconds: number }) {
  const { utc, refresh, range, now } = useTime();
  return (
    <p className={`${classes.asOf} num`}>
      Counted over “{describeRange(range, now, utc)}”, at{' '}
      {printTime({ seconds: Math.floor(seconds), nanos: 0 }, utc, false).slice(0, 8)}{' '}
      <button type="button" onClick={refresh}>
        Again
      </button>
    </p>
  );
}

interface RowProps extends Props {
  field: Field;
  isOpen: boolean;
  onToggle: () => void;
}

function FieldRow({ field, isOpen, query, actions, onToggle }: RowProps) {
  const name = unquote(field.name);
  const short = field.scope === 'resource' ? name.replace(/^resource\./, '') : name;
  const isColumn = actions.columns?.includes(field.name) === true;
  const share = field.share >= 0.995 ? '' : `${Math.max(1, Math.round(field.share * 100))} %`;
  return (
    <div className={classes.field} data-open={isOpen || undefined}>
      <div className={classes.head}>
        <button type="button" aria-expanded={isOpen} onClick={onToggle} title={`${field.name}: ${field.type}`}>
          <IconChevronRight size={12} stroke={2} />
          <span>{short}</span>
          <small className="num" title={`In ${formatCount(field.count)} lines`}>
            {share}
          </small>
        </button>
        <span className={classes.acts}>
          <Tooltip label={isColumn ? 'Take the column back' : 'A column of the list'}>
            <ActionIcon
              size={20}
              aria-label={`Column ${field.name}`}
              aria-pressed={isColumn}
              onClick={() => actions.onColumn?.(field.name)}
            >
              <IconColumnInsertRight size={13} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Group by this field">
            <ActionIcon size={20} aria-label={`Group by ${field.name}`} onClick={() => actions.onGroup(field.name)}>
              <IconLayoutList size={13} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        </span>
      </div>
      {isOpen && <Values field={field.name} query={query} actions={actions} />}
    </div>
  );
}

function Values({ field, query, actions }: Props & { field: string }) {
  const { data, error, isLoading } = useTopValues(query, field);
  if (isLoading) return <Loader size={12} ml={22} my={4} />;
  if (error !== null && data === undefined) {
    // What is wrong with a search is said at its place.
    return readSearchFault(error, query.q) === null ? <p className={classes.none}>{error.message}</p> : null;
  }
  if (data === undefined || data.values.length === 0) return <p className={classes.none}>no values</p>;
  const most = Math.max(1, ...data.values.map((one) => one.count));
  const rest = data.distinct - data.values.length;
  return (
    <div className={classes.values}>
      {data.values.map((one) => {
        const text = printValue(one.value);
        const term = fieldTerm(field, one.value);
        if (term === null) return null;
        return (
          <div key={text} className={classes.value} data-on={hasTerm(actions.q, term) || undefined}>
            <button type="button" title={`Only ${text}`} onClick={() => actions.onTerm(term)}>
              <span>{text === '' ? '""' : text}</span>
              <b className="num">{formatCount(one.count)}</b>
              <i style={{ width: `${(one.count / most) * 100}%` }} />
            </button>
            <button
              type="button"
              className={classes.without}
              aria-label={`Without ${text}`}
              title={`Without ${text}`}
              onClick={() => actions.onTerm(not(term))}
            >
              <IconFilterMinus size={13} stroke={1.7} />
            </button>
          </div>
        );
      })}
      {rest > 0 && (
        <p className={classes.none}>
          {data.distinct_exact === false ? 'about ' : ''}
          {formatCount(rest)} more values
        </p>
      )}
      {data.missing > 0 && (
        <p className={classes.none}>
          {formatCount(data.missing)} {data.missing === 1 ? 'line has' : 'lines have'} none
        </p>
      )}
    </div>
  );
}
