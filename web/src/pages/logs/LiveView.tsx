// Lines as they come. Scrolling down holds them back; going up lets them in.
import { Button } from '@mantine/core';
import { IconArrowUp, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { LineActions } from '@/components/logs/LogDetail';
import type { RowLook } from '@/components/logs/LogRow';
import { Empty, Failure } from '@/components/common/PageState';
import { readSearchFault } from '@/components/search/searchFault';
import { useShortcuts } from '@/components/shell/keys';
import { formatCount, formatValue } from '@/lib/format';
import { useNow } from '@/lib/useNow';
import { tailRate } from '@/model/logs/tail';
import { ColumnHeads } from './ColumnHeads';
import { LineList } from './LineList';
import type { Connection, LiveTail } from './useTail';
import classes from './Logs.module.css';

interface Props {
  live: LiveTail;
  look: RowLook;
  actions: LineActions;
}

const WORDS: Record<Connection, string> = {
  connecting: 'Connecting',
  open: 'Live',
  broken: 'The connection broke: trying again',
  closed: 'The server ended the stream',
};

export function LiveView({ live, look, actions }: Props) {
  const { tail, connection, error, pause, resume } = live;
  const [isHeld, setHeld] = useState(false);
  const [isTop, setTop] = useState(true);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isHeld || !isTop) pause();
    else resume();
  }, [isHeld, isTop, pause, resume]);
  useShortcuts([{ keys: 'p', title: 'Pause or go on', group: 'Logs', run: () => setHeld(!isHeld) }]);

  if (error !== null) {
    if (readSearchFault(error, actions.q) === null) return <Failure title="The stream could not begin" error={error} />;
    return <Empty title="The search cannot be read">Change it above, and press Enter.</Empty>;
  }
  const toTop = (): void => {
    setHeld(false);
    box.current?.querySelector('[data-testid="log-lines"]')?.scrollTo({ top: 0 });
  };
  return (
    <div ref={box} className={classes.main} data-testid="live">
      <div className={`${classes.liveBar} num`} role="status">
        <span className={classes.dot} data-state={tail.isPaused && connection === 'open' ? 'paused' : connection} />
        <b>
          {tail.isPaused && connection === 'open' ? (isHeld ? 'Paused' : 'Paused while you read') : WORDS[connection]}
        </b>
        <Rate live={live} />
        <span>{formatCount(tail.lines.length)} lines kept</span>
        {tail.dropped > 0 && (
          <span title="More came than could be shown. They are stored, and a search finds them.">
            {formatCount(tail.dropped)} not shown
          </span>
        )}
        <span className={classes.spring} />
        <span className={classes.aside}>The time range is not used</span>
        <Button
          variant="subtle"
          color="gray"
          leftSection={isHeld ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
          onClick={() => setHeld(!isHeld)}
        >
          {isHeld ? 'Go on' : 'Pause'}
        </Button>
      </div>
      {tail.waiting.length > 0 && (
        <button type="button" className={`${classes.fresh} num`} onClick={toTop}>
          <IconArrowUp size={14} />
          {formatCount(tail.waiting.length)} new {tail.waiting.length === 1 ? 'line' : 'lines'}
        </button>
      )}
      {tail.lines.length === 0 ? (
        <Empty title="Waiting for lines">
          {actions.q === '' ? 'Lines appear here as they come.' : 'Lines that match appear here as they come.'}
        </Empty>
      ) : (
        <>
          <ColumnHeads look={look} actions={actions} />
          <LineList
            lines={tail.lines}
            look={look}
            actions={actions}
            foot={null}
            onNearEnd={() => undefined}
            onTop={setTop}
          />
        </>
      )}
    </div>
  );
}

/** Moves each second by itself. */
function Rate({ live }: { live: LiveTail }) {
  const now = useNow();
  return <span>{formatValue(Number(tailRate(live.tail, now).toPrecision(2)))} lines/s</span>;
}
