import { Button, Kbd, Tooltip } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconSearch, IconZoomOut } from '@tabler/icons-react';
import { useLocation } from '@tanstack/react-router';
import type { RefObject } from 'react';
import { millis } from '@/lib/brand';
import { isMac } from '@/lib/browser';
import { isTimed, PLACES } from '@/model/places';
import { hasLater, shift, zoomOut } from '@/model/timeRange';
import { RefreshControl } from './RefreshControl';
import { ServiceFilter } from './ServiceFilter';
import { TimePicker } from './TimePicker';
import { useTime } from './time';
import classes from './Shell.module.css';

interface Props {
  isTimeOpen: boolean;
  onTimeOpen: (open: boolean) => void;
  onPalette: () => void;
  service: RefObject<HTMLInputElement | null>;
}

export function TopBar({ isTimeOpen, onTimeOpen, onPalette, service }: Props) {
  const path = useLocation({ select: (location) => location.pathname });
  const place = PLACES.find((one) => path.startsWith(one.path));
  return (
    <header className={classes.bar}>
      <h1 className={classes.where}>
        {place !== undefined && <span>{place.group} /</span>}
        {place?.title ?? 'Not found'}
      </h1>
      <button type="button" className={classes.search} onClick={onPalette} aria-label="Command palette">
        <IconSearch size={14} stroke={1.8} />
        <span>Go to, find, do…</span>
        <Kbd>{isMac() ? '⌘ K' : 'Ctrl K'}</Kbd>
      </button>
      <div className={classes.spring} />
      <ServiceFilter inputRef={service} />
      {isTimed(path) && <TimeControls isOpen={isTimeOpen} onOpen={onTimeOpen} />}
      <RefreshControl />
    </header>
  );
}

interface TimeProps {
  isOpen: boolean;
  onOpen: (open: boolean) => void;
}

function TimeControls({ isOpen, onOpen }: TimeProps) {
  const { range, resolved, now, setRange } = useTime();
  return (
    <div className={classes.joined}>
      <Tooltip label="Earlier ([)" disabled={isOpen}>
        <Button aria-label="Earlier" px={6} onClick={() => setRange(shift(resolved, -1, now))}>
          <IconChevronLeft size={15} />
        </Button>
      </Tooltip>
      <TimePicker isOpen={isOpen} onOpen={onOpen} />
      <Tooltip label="Later (])" disabled={isOpen}>
        <Button
          aria-label="Later"
          px={6}
          disabled={!hasLater(resolved, now)}
          onClick={() => setRange(shift(resolved, 1, millis(Date.now())))}
        >
          <IconChevronRight size={15} />
        </Button>
      </Tooltip>
      <Tooltip label="Zoom out (Z)" disabled={isOpen}>
        <Button aria-label="Zoom out" px={6} onClick={() => setRange(zoomOut(range, resolved))}>
          <IconZoomOut size={15} stroke={1.7} />
        </Button>
      </Tooltip>
    </div>
  );
}
