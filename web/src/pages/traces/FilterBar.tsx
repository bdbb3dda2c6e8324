import { Select, TextInput } from '@mantine/core';
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { useState } from 'react';
import { Segments } from '@/components/common/Segments';
import { withChosen } from '@/lib/choices';
import { durationFault } from '@/model/trace/query';
import { useOperations } from './useTraces';
import { LIMITS, type TracesState } from './url';
import classes from './Traces.module.css';

interface Props {
  state: TracesState;
  onChange: (part: Partial<TracesState>) => void;
}

export function FilterBar({ state, onChange }: Props) {
  const operations = useOperations(state.service);
  const fault = durationFault(state);
  return (
    <div className={classes.bar}>
      <Select
        aria-label="Operation"
        placeholder="All operations"
        data={withChosen(operations, state.operation)}
        value={state.operation}
        onChange={(operation) => onChange({ operation })}
        limit={100}
        nothingFoundMessage="No operation is called that"
        clearable
        searchable
        w={220}
      />
      <div className={classes.limits} data-bad={fault !== null || undefined} title={fault ?? undefined}>
        <Limit label="Shortest duration" placeholder="min" value={state.min} onSet={(min) => onChange({ min })} />
        <span>–</span>
        <Limit label="Longest duration" placeholder="max" value={state.max} onSet={(max) => onChange({ max })} />
      </div>
      <button
        type="button"
        className={classes.chip}
        aria-pressed={state.errors}
        onClick={() => onChange({ errors: !state.errors })}
      >
        <IconAlertTriangleFilled size={14} />
        With errors
      </button>
      {fault !== null && (
        <span role="alert" className={classes.fault}>
          {fault}
        </span>
      )}
      <span className={classes.spring} />
      <Segments
        label="Order"
        value={state.order}
        choices={[
          { value: 'recent', title: 'Recent' },
          { value: 'slowest', title: 'Slowest' },
        ]}
        onChange={(order) => onChange({ order })}
      />
      <Select
        aria-label="How many traces"
        data={LIMITS.map((limit) => ({ value: String(limit), label: `${limit} traces` }))}
        value={String(state.limit)}
        onChange={(limit) => onChange({ limit: Number(limit) })}
        allowDeselect={false}
        w={112}
      />
    </div>
  );
}

interface LimitProps {
  label: string;
  placeholder: string;
  value: string;
  onSet: (value: string) => void;
}

/** Asked for at Enter or when it is left, not at each key. */
function Limit({ label, placeholder, value, onSet }: LimitProps) {
  const [draft, setDraft] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    setDraft(value);
  }
  const set = (): void => {
    if (draft.trim() !== value) onSet(draft.trim());
  };
  return (
    <TextInput
      aria-label={label}
      placeholder={placeholder}
      value={draft}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={set}
      onKeyDown={(event) => {
        if (event.key === 'Enter') set();
      }}
      w={64}
    />
  );
}
