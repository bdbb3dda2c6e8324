import { Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useRef } from 'react';
import type { Health } from '@/api/targets';
import { StateMark, type State } from '@/components/common/StateMark';
import { useShortcuts } from '@/components/shell/keys';
import { formatCount } from '@/lib/format';
import type { TargetsState } from './url';
import classes from './Targets.module.css';

interface Props {
  state: TargetsState;
  counts: Record<Health, number>;
  dropped: number;
  pools: string[];
  onChange: (part: Partial<TargetsState>) => void;
}

export function FilterBar({ state, counts, dropped, pools, onChange }: Props) {
  const find = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', title: 'Find a target', group: 'Targets', run: () => find.current?.focus() }]);
  const total = counts.up + counts.down + counts.unknown;
  const isActive = state.view === 'active';
  return (
    <div className={classes.bar}>
      <div className={classes.chips} role="group" aria-label="State">
        <button
          type="button"
          aria-pressed={isActive && state.state === null}
          onClick={() => onChange({ view: 'active', state: null })}
        >
          All <b className="num">{formatCount(total)}</b>
        </button>
        {(['up', 'down', 'unknown'] as const).map((health) => (
          <Chip
            key={health}
            state={health}
            count={counts[health]}
            isOn={isActive && state.state === health}
            onClick={() => onChange({ view: 'active', state: state.state === health ? null : health })}
          />
        ))}
        <Chip
          state="dropped"
          count={dropped}
          isOn={!isActive}
          onClick={() => onChange({ view: isActive ? 'dropped' : 'active' })}
        />
      </div>
      <span className={classes.spring} />
      <Select
        aria-label="Pool"
        placeholder="All pools"
        data={pools}
        value={state.pool}
        onChange={(pool) => onChange({ pool })}
        clearable
        searchable
        w={180}
      />
      <TextInput
        ref={find}
        aria-label="Find a target"
        placeholder="Find by address, label or error"
        leftSection={<IconSearch size={13} />}
        value={state.find}
        onChange={(event) => onChange({ find: event.currentTarget.value })}
        w={280}
      />
    </div>
  );
}

function Chip({ state, count, isOn, onClick }: { state: State; count: number; isOn: boolean; onClick: () => void }) {
  return (
    <button type="button" aria-pressed={isOn} onClick={onClick} data-none={count === 0 || undefined}>
      <StateMark state={state} /> <b className="num">{formatCount(count)}</b>
    </button>
  );
}
