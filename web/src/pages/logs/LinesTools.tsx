// How many lines there are, and how the list shows them.
import { Tooltip } from '@mantine/core';
import {
  IconLayoutSidebar,
  IconSortAscending,
  IconSortDescending,
  IconTextWrap,
  type TablerIcon,
} from '@tabler/icons-react';
import { formatCount, formatSeconds } from '@/lib/format';
import type { FoundLines } from './useLogs';
import classes from './Logs.module.css';

interface Props {
  /** Null while lines come live. */
  found: FoundLines | null;
  total: number | null;
  isOldestFirst: boolean;
  isWrapped: boolean;
  hasFields: boolean;
  onOrder: () => void;
  onWrap: () => void;
  onFields: () => void;
}

export function LinesTools(props: Props) {
  const { found, total, isOldestFirst, isWrapped, hasFields } = props;
  return (
    <>
      {found !== null && (
        <>
          {found.error === null && <Count found={found} total={total} />}
          <Toggle
            icon={isOldestFirst ? IconSortAscending : IconSortDescending}
            label="Oldest lines first"
            hint={isOldestFirst ? 'The oldest first' : 'The newest first'}
            isOn={isOldestFirst}
            onToggle={props.onOrder}
          />
        </>
      )}
      <Toggle icon={IconTextWrap} label="Wrap lines" hint="Wrap lines (W)" isOn={isWrapped} onToggle={props.onWrap} />
      <Toggle icon={IconLayoutSidebar} label="Fields" hint="Fields (F)" isOn={hasFields} onToggle={props.onFields} />
    </>
  );
}

interface ToggleProps {
  icon: TablerIcon;
  label: string;
  hint: string;
  isOn: boolean;
  onToggle: () => void;
}

function Toggle({ icon: Icon, label, hint, isOn, onToggle }: ToggleProps) {
  return (
    <Tooltip label={hint}>
      <button type="button" className={classes.toggle} aria-pressed={isOn} aria-label={label} onClick={onToggle}>
        <Icon size={16} stroke={1.7} />
      </button>
    </Tooltip>
  );
}

function Count({ found, total }: { found: FoundLines; total: number | null }) {
  const { stats } = found;
  const title =
    stats?.scanned_rows === undefined
      ? undefined
      : `${formatCount(stats.scanned_rows)} lines looked at${stats.took_ms === undefined ? '' : ` in ${formatSeconds(stats.took_ms / 1000)}`}`;
  return (
    <span className={`${classes.count} num`} title={title} data-testid="log-count">
      <b>{formatCount(total ?? found.lines.length)}</b> {total === 1 ? 'line' : 'lines'}
    </span>
  );
}
