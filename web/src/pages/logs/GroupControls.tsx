// What the table is grouped by and what it says of each group.
import { Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { Field } from '@/model/logs/fields';
import { AGGREGATES_MAX, FUNCTIONS, KEYS_MAX, PLAIN } from '@/model/logs/group';
import classes from './Group.module.css';

interface Props {
  by: string[];
  agg: string[];
  fields: Field[];
  onChange: (part: { by?: string[]; agg?: string[] }) => void;
}

const NUMBERS = /int|double|duration|time/;

export function GroupControls({ by, agg, fields, onChange }: Props) {
  const names = fields.map((field) => field.name);
  const numbers = fields.filter((field) => NUMBERS.test(field.type)).map((field) => field.name);
  return (
    <>
      <span className={classes.word}>by</span>
      {by.map((name) => (
        <Chip key={name} text={name} onDrop={() => onChange({ by: by.filter((one) => one !== name) })} />
      ))}
      {by.length < KEYS_MAX && (
        <Select
          aria-label="Add a field to group by"
          placeholder="Add a field"
          data={names.filter((name) => !by.includes(name))}
          value={null}
          onChange={(name) => name !== null && onChange({ by: [...by, name] })}
          limit={100}
          searchable
          w={140}
        />
      )}
      <span className={classes.word}>show</span>
      {agg.map((name) => (
        <Chip
          key={name}
          text={name}
          {...(agg.length > 1 ? { onDrop: () => onChange({ agg: agg.filter((one) => one !== name) }) } : {})}
        />
      ))}
      {agg.length < AGGREGATES_MAX && (
        <Select
          aria-label="Add an aggregate"
          placeholder="Add a number"
          data={aggregates(names, numbers).filter((name) => !agg.includes(name))}
          value={null}
          onChange={(name) => name !== null && onChange({ agg: [...agg, name] })}
          limit={200}
          nothingFoundMessage="No field holds such numbers"
          searchable
          w={150}
        />
      )}
    </>
  );
}

function aggregates(names: readonly string[], numbers: readonly string[]): string[] {
  const ofNumbers = FUNCTIONS.filter((one) => one !== 'count_distinct');
  return [
    ...PLAIN,
    'max(time)',
    'min(time)',
    ...numbers.flatMap((name) => ofNumbers.map((one) => `${one}(${name})`)),
    ...names.map((name) => `count_distinct(${name})`),
  ];
}

function Chip({ text, onDrop }: { text: string; onDrop?: () => void }) {
  return (
    <span className={classes.chip}>
      <code>{text}</code>
      {onDrop !== undefined && (
        <button type="button" aria-label={`Without ${text}`} onClick={onDrop}>
          <IconX size={12} stroke={2} />
        </button>
      )}
    </span>
  );
}
