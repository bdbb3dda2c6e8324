import { ActionIcon, Button, Menu, TextInput, Tooltip } from '@mantine/core';
import {
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
import { formatCount } from '@/lib/format';
import type { TraceView } from './url';
import classes from './Trace.module.css';

const VIEWS: { value: TraceView; title: string; hint: string }[] = [
  { value: 'timeline', title: 'Timeline', hint: '1' },
  { value: 'flame', title: 'Flame graph', hint: '2' },
  { value: 'table', title: 'Spans', hint: '3' },
  { value: 'compare', title: 'Compare', hint: '4' },
];

export interface FoldActions {
  openAll: () => void;
  foldAll: () => void;
  level: (by: 1 | -1) => void;
}

interface Props {
  view: TraceView;
  onView: (view: TraceView) => void;
  find: string;
  findRef: RefObject<HTMLInputElement | null>;
  found: readonly number[];
  chosen: number | null;
  onFind: (text: string) => void;
  onStep: (direction: 1 | -1) => void;
  fold: FoldActions;
  showsPath: boolean;
  onPath: () => void;
  showsLogs: boolean;
  logCount: number;
  onLogs: () => void;
  findingCount: number;
  showsFindings: boolean;
  onFindings: () => void;
}

export function Toolbar(props: Props) {
  const isTimeline = props.view === 'timeline';
  return (
    <div className={classes.toolbar}>
      <Segments label="View" value={props.view} choices={VIEWS} onChange={props.onView} />
      {props.view !== 'compare' && <Find {...props} />}
      <span className={classes.spring} />
      {isTimeline && (
        <>
          <FoldMenu fold={props.fold} />
          <Tooltip label="The chain that the duration is made of (C)">
            <Button
              leftSection={<IconRoute size={14} stroke={1.7} />}
              aria-pressed={props.showsPath}
              data-on={props.showsPath || undefined}
              onClick={props.onPath}
            >
              Critical path
            </Button>
          </Tooltip>
          <Tooltip label="Log lines below their spans (L)">
            <Button
              leftSection={<IconFileText size={14} stroke={1.7} />}
              aria-pressed={props.showsLogs}
              data-on={props.showsLogs || undefined}
              disabled={props.logCount === 0}
              onClick={props.onLogs}
            >
              Logs <span className={`${classes.badge} num`}>{formatCount(props.logCount)}</span>
            </Button>
          </Tooltip>
        </>
      )}
      {props.view !== 'compare' && (
        <Tooltip label="What stands out (I)">
          <Button
            leftSection={<IconStethoscope size={15} stroke={1.7} />}
            aria-pressed={props.showsFindings}
            data-on={props.showsFindings || undefined}
            onClick={props.onFindings}
          >
            Findings <span className={`${classes.badge} num`}>{formatCount(props.findingCount)}</span>
          </Button>
        </Tooltip>
      )}
    </div>
  );
}

function Find({ find, findRef, found, chosen, onFind, onStep }: Props) {
  const place = chosen === null ? -1 : found.indexOf(chosen);
  return (
    <div className={classes.find}>
      <TextInput
        ref={findRef}
        aria-label="Find in the trace"
        placeholder="Find: word, service=cart, db.system=redis"
        leftSection={<IconSearch size={13} />}
        value={find}
        onChange={(event) => onFind(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape') event.currentTarget.blur();
          else return;
          event.preventDefault();
        }}
        w={280}
      />
      {find.trim() !== '' && (
        <>
          <span className="num" role="status">
            {place >= 0 ? `${formatCount(place + 1)} of ` : ''}
            {formatCount(found.length)}
          </span>
          <ActionIcon size={24} aria-label="Match before" disabled={found.length === 0} onClick={() => onStep(-1)}>
            <IconChevronUp size={15} />
          </ActionIcon>
          <ActionIcon size={24} aria-label="Next match" disabled={found.length === 0} onClick={() => onStep(1)}>
            <IconChevronDown size={15} />
          </ActionIcon>
        </>
      )}
    </div>
  );
}

function FoldMenu({ fold }: { fold: FoldActions }) {
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
        <Menu.Item onClick={fold.openAll}>Unfold all</Menu.Item>
        <Menu.Item onClick={fold.foldAll}>Fold all</Menu.Item>
        <Menu.Item onClick={() => fold.level(1)}>One level more</Menu.Item>
        <Menu.Item onClick={() => fold.level(-1)}>One level less</Menu.Item>
        <Menu.Label>Alt and a click on an arrow: all levels of it</Menu.Label>
      </Menu.Dropdown>
    </Menu>
  );
}
