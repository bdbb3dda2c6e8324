import { Button, Kbd, Tooltip } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconSearch, IconZoomOut } from '@tabler/icons-react';
import { useLocation } from '@tanstack/react-router';
import type { RefObject } from 'react';
import { isMac } from '@/lib/browser';
import { PLACES } from '@/model/places';
import { shift, zoomOut } from '@/model/timeRange';
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
  const time = useTime();
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
      <div className={classes.joined}>
        <Tooltip label="Earlier ([)">
          <Button aria-label="Earlier" px={6} onClick={() => time.setRange(shift(time.resolved, -1))}>
            <IconChevronLeft size={15} />
          </Button>
        </Tooltip>
        <TimePicker isOpen={isTimeOpen} onOpen={onTimeOpen} />
        <Tooltip label="Later (])">
          <Button aria-label="Later" px={6} onClick={() => time.setRange(shift(time.resolved, 1))}>
            <IconChevronRight size={15} />
          </Button>
        </Tooltip>
        <Tooltip label="Zoom out (Z)">
          <Button aria-label="Zoom out" px={6} onClick={() => time.setRange(zoomOut(time.range, time.resolved))}>
            <IconZoomOut size={15} stroke={1.7} />
          </Button>
        </Tooltip>
      </div>
      <RefreshControl />
    </header>
  );
}
