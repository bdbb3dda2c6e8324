import { ActionIcon, Button, Menu, TextInput, Tooltip } from '@mantine/core';
import {
  IconArrowUpRight,
  IconChevronDown,
  IconChevronUp,
  IconFileText,
  IconListTree,
  IconRoute,
  IconSearch,
  IconStethoscope,
} from '@tabler/icons-react';
import type { RefObject } from 'react';
import { Segments } from '@/components/common/Segments';
import { JumpLink } from '@/components/trace/JumpLink';
import { formatCount } from '@/lib/format';
import { logsOfTrace } from '@/model/trace/jumps';
import type { TraceLogs } from '@/model/trace/logs';
import { foldAll, foldLevel } from '@/model/trace/rows';
import { NO_SPANS, type Look } from './useLook';
import type { TraceData } from './useTrace';
import type { TraceView } from './url';
import classes from './Trace.module.css';

const VIEWS: { value: TraceView; title: string; hint: string }[] = [
  { value: 'timeline', title: 'Timeline', hint: '1' },
  { value: 'flame', title: 'Flame graph', hint: '2' },
  { value: 'table', title: 'Spans', hint: '3' },
  { value: 'compare', title: 'Compare', hint: '4' },
];

interface Props {
  data: TraceData;
  look: Look;
  findRef: RefObject<HTMLInputElement | null>;
  logs: TraceLogs;
  /** None of them are missing. */
  isWhole: boolean;
  /** Why there are none, or not all. */
  logNote: string | null;
}

export function Toolbar({ data, look, findRef, logs, isWhole, logNote }: Props) {
  const { view } = look.state;
  const logCount = logs.lines.length;
  const showsFindings = look.panel === 'findings';
  return (
    <div className={classes.toolbar}>
      <Segments label="View" value={view} choices={VIEWS} onChange={(next) => look.change({ view: next })} />
      {view !== 'compare' && <Find look={look} findRef={findRef} />}
      <span className={classes.spring} />
      {view === 'timeline' && (
        <>
          <FoldMenu data={data} look={look} />
          <Tooltip label="The chain that the duration is made of (C)">
            <Button
              leftSection={<IconRoute size={14} stroke={1.7} />}
              aria-pressed={look.showsPath}
              data-on={look.showsPath || undefined}
              onClick={look.togglePath}
            >
              Critical path
            </Button>
          </Tooltip>
          <Tooltip
            label={logNote ?? (isWhole && logCount === 0 ? 'No log line names it' : 'Log lines below their spans (L)')}
          >
            <Button
              leftSection={<IconFileText size={14} stroke={1.7} />}
              aria-pressed={look.showsLogs && logCount > 0}
              data-on={(look.showsLogs && logCount > 0) || undefined}
              disabled={logCount === 0}
              onClick={look.toggleLogs}
            >
              Logs <span className={`${classes.badge} num`}>{formatCount(logCount)}</span>
            </Button>
          </Tooltip>
          {!data.isFromFile && !(isWhole && logCount === 0) && (
            <JumpLink
              to={logsOfTrace(data.trace)}
              className={classes.toLogs ?? ''}
              title="Its lines on the page of logs"
            >
              <IconArrowUpRight size={15} stroke={1.7} aria-label="Its lines on the page of logs" />
            </JumpLink>
          )}
        </>
      )}
      {view !== 'compare' && (
        <Tooltip label="What stands out (I)">
          <Button
            leftSection={<IconStethoscope size={15} stroke={1.7} />}
            aria-pressed={showsFindings}
            data-on={showsFindings || undefined}
            onClick={look.toggleFindings}
          >
            Findings <span className={`${classes.badge} num`}>{formatCount(data.findings.length)}</span>
          </Button>
        </Tooltip>
      )}
    </div>
  );
}

/** `1234 of 5678` and two arrows. */
const PLACE_PX = 118;

function Find({ look, findRef }: Pick<Props, 'look' | 'findRef'>) {
  const { find, found, chosen, step } = look;
  const place = chosen === null ? -1 : found.indexOf(chosen);
  return (
    <TextInput
      ref={findRef}
      className={classes.find ?? ''}
      aria-label="Find in the trace"
      placeholder="Find: word, service=cart, db.system=redis"
      leftSection={<IconSearch size={13} />}
      value={find}
      onChange={(event) => look.search(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
        else if (event.key === 'Escape') event.currentTarget.blur();
        else return;
        event.preventDefault();
      }}
      // Within the box: a row that grows would push what stands below it.
      rightSectionWidth={find.trim() === '' ? undefined : PLACE_PX}
      rightSection={
        find.trim() !== '' && (
          <span className={classes.place}>
            <span className="num" role="status">
              {place >= 0 ? `${formatCount(place + 1)} of ` : ''}
              {formatCount(found.length)}
            </span>
            <ActionIcon size={20} aria-label="Match before" disabled={found.length === 0} onClick={() => step(-1)}>
              <IconChevronUp size={14} />
            </ActionIcon>
            <ActionIcon size={20} aria-label="Next match" disabled={found.length === 0} onClick={() => step(1)}>
              <IconChevronDown size={14} />
            </ActionIcon>
          </span>
        )
      }
    />
  );
}

function FoldMenu({ data, look }: Pick<Props, 'data' | 'look'>) {
  const { folded, setFolded } = look;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label="Fold and unfold">
          <Button px={7} aria-label="Fold and unfold">
            <IconListTree size={15} stroke={1.7} />
          </Button>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => setFolded(NO_SPANS)}>Unfold all</Menu.Item>
        <Menu.Item onClick={() => setFolded(foldAll(data.trace))}>Fold all</Menu.Item>
        <Menu.Item onClick={() => setFolded(foldLevel(data.trace, folded, 1))}>One level more</Menu.Item>
        <Menu.Item onClick={() => setFolded(foldLevel(data.trace, folded, -1))}>One level less</Menu.Item>
        <Menu.Label>Alt and a click on an arrow: all levels of it</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
