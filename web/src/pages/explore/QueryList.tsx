import { Button, Popover, TextInput, Tooltip } from '@mantine/core';
import { IconBooks, IconHistory, IconPlayerPlayFilled, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { PastList } from '@/components/editor/PastList';
import { secondsToMillis } from '@/lib/brand';
import { parseDuration, printDuration } from '@/lib/duration';
import { gridPoints, type Grid } from '@/model/step';
import { QueryRowView } from './QueryRowView';
import type { Result } from './results';
import type { QueryRows } from './useQueryRows';
import classes from './Explore.module.css';

interface Props {
  queries: QueryRows;
  results: Result[];
  grid: Grid;
  onBrowse: () => void;
}

export function QueryList({ queries, results, grid, onBrowse }: Props) {
  const [isHistoryOpen, setHistoryOpen] = useState(false);
  return (
    <section className={classes.queries} aria-label="Queries">
      {queries.rows.map((row) => (
        <QueryRowView
          key={row.id}
          row={row}
          isOnly={queries.rows.length === 1}
          result={results.find((result) => result.letter === row.id.toUpperCase())}
          onType={(text) => queries.type(row.id, text)}
          onRun={queries.run}
          onToggle={() => queries.toggle(row.id)}
          onDuplicate={() => queries.add(row.draft.trim())}
          onRemove={() => queries.remove(row.id)}
        />
      ))}
      <div className={classes.tools}>
        <Button leftSection={<IconPlus size={14} />} onClick={() => queries.add()}>
          Query
        </Button>
        <Button leftSection={<IconBooks size={14} stroke={1.7} />} onClick={onBrowse}>
          Metrics
        </Button>
        <Popover opened={isHistoryOpen} onChange={setHistoryOpen} position="bottom-start" trapFocus>
          <Popover.Target>
            <Button leftSection={<IconHistory size={14} stroke={1.7} />} onClick={() => setHistoryOpen(!isHistoryOpen)}>
              History
            </Button>
          </Popover.Target>
          <Popover.Dropdown p={0}>
            <PastList
              of="promql"
              onChoose={(query) => {
                setHistoryOpen(false);
                queries.add(query);
              }}
            />
          </Popover.Dropdown>
        </Popover>
        <span className={classes.spring} />
        <StepControl step={queries.state.step} grid={grid} onChange={(step) => queries.change({ step: step ?? '' })} />
        <Tooltip label="Run all queries (Enter)">
          <Button
            variant="filled"
            leftSection={<IconPlayerPlayFilled size={12} />}
            onClick={queries.run}
            data-changed={queries.isChanged || undefined}
            className={classes.run}
          >
            Run
          </Button>
        </Tooltip>
      </div>
    </section>
  );
}

const CHOICES = [
  { value: 'low', label: 'Low' },
  { value: '', label: 'Auto' },
  { value: 'high', label: 'High' },
];

interface StepProps {
  step: string | undefined;
  grid: Grid;
  onChange: (step: string | undefined) => void;
}

function StepControl({ step, grid, onChange }: StepProps) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const isTyped = step !== undefined && parseDuration(step) !== null;
  const choose = (value: string): void => {
    onChange(value);
    setOpen(false);
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" trapFocus>
      <Popover.Target>
        <Tooltip label="How far apart the points lie" disabled={isOpen}>
          <Button onClick={() => setOpen(!isOpen)} className="num" aria-label="Step">
            <span className="muted">Step&nbsp;</span>
            {printDuration(secondsToMillis(grid.step))}
            {!isTyped && <span className="muted">&nbsp;{step === 'low' || step === 'high' ? step : 'auto'}</span>}
          </Button>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={classes.step}>
          <div className={classes.stepChoices}>
            {CHOICES.map((choice) => (
              <Button
                key={choice.value}
                aria-pressed={!isTyped && (step ?? '') === choice.value}
                className={classes.stepChoice}
                onClick={() => choose(choice.value)}
              >
                {choice.label}
              </Button>
            ))}
          </div>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              if (parseDuration(text) !== null) choose(text.trim());
            }}
          >
            <TextInput
              aria-label="Type a step"
              placeholder="15s, 1m, 1h …"
              value={text}
              error={text !== '' && parseDuration(text) === null}
              onChange={(event) => setText(event.currentTarget.value)}
            />
          </form>
          <p className="muted num">{gridPoints(grid)} points a series</p>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}
