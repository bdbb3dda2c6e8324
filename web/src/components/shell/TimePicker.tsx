import { Button, Popover, TextInput } from '@mantine/core';
import { IconCalendarClock, IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { Segments } from '@/components/common/Segments';
import {
  describeRange,
  parseMoment,
  parseTyped,
  PRESETS,
  printMoment,
  resolveRange,
  type TimeRange,
} from '@/model/timeRange';
import { useTime } from './time';
import classes from './TimePicker.module.css';

interface Props {
  isOpen: boolean;
  onOpen: (open: boolean) => void;
}

export function TimePicker({ isOpen, onOpen }: Props) {
  const { range, now, utc } = useTime();
  return (
    <Popover opened={isOpen} onChange={onOpen} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <Button
          onClick={() => onOpen(!isOpen)}
          aria-label="Time range"
          leftSection={<IconCalendarClock size={15} stroke={1.7} />}
          rightSection={<IconChevronDown size={13} />}
        >
          {describeRange(range, now, utc)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <Choices onDone={() => onOpen(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

const EXAMPLES: [string, string][] = [
  ['45m', 'the last 45 minutes'],
  ['now-1d/d to now/d', 'yesterday, midnight to midnight'],
  ['now-2h to now-1h', 'the hour before the last'],
  ['2026-01-31 08:00', 'from then until now'],
];

function Choices({ onDone }: { onDone: () => void }) {
  const time = useTime();
  const choose = (range: TimeRange): void => {
    time.setRange(range);
    onDone();
  };
  return (
    <div className={classes.choices}>
      <div className={classes.forms}>
        <TypedRange onChoose={choose} />
        <FromTo onChoose={choose} />
        <dl className={classes.examples}>
          {EXAMPLES.map(([text, meaning]) => (
            <div key={text}>
              <dt className="mono">{text}</dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
        <div className={classes.zone}>
          <span className="muted">Times in</span>
          <Segments
            label="Zone"
            value={time.utc ? 'utc' : 'local'}
            onChange={(value) => time.setUtc(value === 'utc')}
            choices={[
              { value: 'local', title: 'Local', hint: Intl.DateTimeFormat().resolvedOptions().timeZone },
              { value: 'utc', title: 'UTC' },
            ]}
          />
        </div>
      </div>
      <div className={classes.presets} role="list">
        {PRESETS.map((preset) => (
          <button
            type="button"
            role="listitem"
            key={preset.label}
            data-active={(preset.range.from === time.range.from && preset.range.to === time.range.to) || undefined}
            onClick={() => choose(preset.range)}
          >
            {preset.label}
          </button>
        ))}
      </div>
    </div>
  );
}

function TypedRange({ onChoose }: { onChoose: (range: TimeRange) => void }) {
  const { now } = useTime();
  const [text, setText] = useState('');
  const range = parseTyped(text, now);
  const isWrong = text.trim() !== '' && range === null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (range !== null) onChoose(range);
      }}
    >
      <TextInput
        data-autofocus
        aria-label="Type a time range"
        placeholder="45m, now-6h, now-2d to now-1d, 2026-01-31 …"
        value={text}
        error={isWrong && text.length > 2 ? 'Not a range yet: try 6h or now-2d to now-1d' : null}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}

function FromTo({ onChoose }: { onChoose: (range: TimeRange) => void }) {
  const { resolved, range, now, utc } = useTime();
  const [from, setFrom] = useState(() => (range.from.startsWith('now') ? range.from : printMoment(resolved.from, utc)));
  const [to, setTo] = useState(() => (range.to.startsWith('now') ? range.to : printMoment(resolved.to, utc)));
  const read = (text: string): string => {
    // What was typed is meant in the zone that is shown.
    const zoned = utc && /^\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?$/.test(text.trim());
    const iso = zoned ? `${text.trim().replace(' ', 'T')}${text.trim().length === 10 ? 'T00:00' : ''}Z` : text;
    const at = parseMoment(iso, now);
    return iso.startsWith('now') || at === null ? iso : String(at);
  };
  const next = { from: read(from), to: read(to) };
  const isGood = resolveRange(next, now) !== null;
  return (
    <form
      className={classes.fromTo}
      onSubmit={(event) => {
        event.preventDefault();
        if (isGood) onChoose(next);
      }}
    >
      <TextInput
        label="From"
        value={from}
        onChange={(event) => setFrom(event.currentTarget.value)}
        error={parseMoment(read(from), now) === null}
      />
      <TextInput
        label="To"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
        error={parseMoment(read(to), now) === null}
      />
      <Button type="submit" variant="filled" disabled={!isGood}>
        Apply
      </Button>
      {!isGood && <p className={classes.wrong}>Both must be moments, the first before the second.</p>}
    </form>
  );
}
