// What the same service on the same host said around a line, in the order of time.
import { Button, Drawer } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { eventContext } from '@/api/events';
import { Failure, Loading } from '@/components/common/PageState';
import { LogDetail, type LineActions } from '@/components/logs/LogDetail';
import { LogRow, type RowLook } from '@/components/logs/LogRow';
import rows from '@/components/logs/Logs.module.css';
import { useShortcuts } from '@/components/shell/keys';
import { LIST_CLIP_BYTES, printFullTime, readLine, type Line } from '@/model/logs/line';
import classes from './Context.module.css';

interface Props {
  id: string;
  look: RowLook;
  actions: LineActions;
  onClose: () => void;
}

const STEP = 25;
/** The server gives no more on either side. */
const MOST = 1000;

export function ContextDrawer({ id, look, actions, onClose }: Props) {
  const [before, setBefore] = useState(STEP);
  const [after, setAfter] = useState(STEP);
  const { data, error, isLoading, isFetching } = useQuery({
    queryKey: ['log-context', id, before, after],
    queryFn: ({ signal }) => eventContext(id, { before, after, clip: LIST_CLIP_BYTES }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  });
  // By our own keys, so that one press closes the drawer and not the line below it as well.
  useShortcuts([{ keys: 'escape', title: 'Close the lines around', group: 'Logs', run: onClose, inFields: true }]);
  const lines = useMemo(
    () => (data === undefined ? null : [data.before, [data.event], data.after].map((part) => part.map(readLine))),
    [data],
  );
  const middle = lines?.[1]?.[0];
  return (
    <Drawer
      opened
      onClose={onClose}
      closeOnEscape={false}
      position="right"
      size="min(1040px, 88vw)"
      title={middle === undefined ? 'Around the line' : `Around ${printFullTime(middle.at, look.utc)}`}
      classNames={{ body: classes.body ?? '', content: classes.content ?? '', title: classes.title ?? '' }}
    >
      {isLoading && <Loading what="the lines around it" />}
      {error !== null && <Failure title="The lines around it could not be loaded" error={error} />}
      {lines !== null && error === null && (
        <>
          <p className={classes.who}>
            {middle?.service === '' ? 'The same sender' : <b>{middle?.service}</b>}
            {middle?.wire.host !== undefined && <> on {middle.wire.host}</>}, the oldest first
          </p>
          <div className={classes.scroll}>
            <More
              count={lines[0]?.length ?? 0}
              asked={before}
              side="before"
              isBusy={isFetching}
              onMore={() => setBefore(Math.min(MOST, before * 2))}
            />
            {(lines[0] ?? []).map((line) => (
              <ContextLine key={line.id} line={line} look={look} actions={actions} />
            ))}
            {middle !== undefined && <ContextLine line={middle} look={look} actions={actions} isMiddle />}
            {(lines[2] ?? []).map((line) => (
              <ContextLine key={line.id} line={line} look={look} actions={actions} />
            ))}
            <More
              count={lines[2]?.length ?? 0}
              asked={after}
              side="after"
              isBusy={isFetching}
              onMore={() => setAfter(Math.min(MOST, after * 2))}
            />
          </div>
        </>
      )}
    </Drawer>
  );
}

interface LineProps {
  line: Line;
  look: RowLook;
  actions: LineActions;
  isMiddle?: boolean;
}

function ContextLine({ line, look, actions, isMiddle = false }: LineProps) {
  const [isOpen, setOpen] = useState(false);
  const self = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (isMiddle) self.current?.scrollIntoView({ block: 'center' });
  }, [isMiddle]);
  return (
    <div
      ref={self}
      className={rows.line}
      data-active={isMiddle || undefined}
      data-open={isOpen || undefined}
      data-testid={isMiddle ? 'context-line' : undefined}
    >
      <LogRow line={line} look={look} isOpen={isOpen} onClick={() => setOpen(!isOpen)} />
      {isOpen && <LogDetail line={line} utc={look.utc} pattern={look.pattern} actions={actions} />}
    </div>
  );
}

interface MoreProps {
  count: number;
  asked: number;
  side: 'before' | 'after';
  isBusy: boolean;
  onMore: () => void;
}

function More({ count, asked, side, isBusy, onMore }: MoreProps) {
  if (count < asked && !isBusy) return <p className={classes.end}>nothing {side} these</p>;
  if (asked >= MOST) return <p className={classes.end}>more {side} these: search by time</p>;
  return (
    <div className={classes.end}>
      <Button variant="subtle" loading={isBusy} onClick={onMore}>
        More {side}
      </Button>
    </div>
  );
}
