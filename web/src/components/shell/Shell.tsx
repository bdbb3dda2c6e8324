import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useRef, useState, type RefObject } from 'react';
import { useComputedColorScheme, useMantineColorScheme } from '@mantine/core';
import { millis } from '@/lib/brand';
import type { Shortcut } from '@/lib/shortcuts';
import { isBoolean, recall, remember } from '@/lib/storage';
import { isTimed, PLACES } from '@/model/places';
import { hasLater, shift, zoomOut } from '@/model/timeRange';
import { KeyboardProvider, useShortcuts } from './keys';
import { NavRail } from './NavRail';
import { Notices } from './Notices';
import { Palette } from './Palette';
import { ShortcutSheet } from './ShortcutSheet';
import { useService } from './service';
import { keepShell } from './shellUrl';
import { useTime, type TimeControl } from './time';
import { TimeProvider } from './TimeProvider';
import { TopBar } from './TopBar';
import classes from './Shell.module.css';

export function Shell() {
  return (
    <KeyboardProvider>
      <TimeProvider>
        <Frame />
      </TimeProvider>
    </KeyboardProvider>
  );
}

function Frame() {
  const [isNarrow, setNarrow] = useState(() => recall('nav.narrow', isBoolean, window.innerWidth < 1100));
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const [isSheetOpen, setSheetOpen] = useState(false);
  const [isTimeOpen, setTimeOpen] = useState(false);
  const service = useRef<HTMLInputElement>(null);
  const toggleNav = (): void => {
    setNarrow(!isNarrow);
    remember('nav.narrow', !isNarrow);
  };
  useShellKeys({
    openPalette: () => setPaletteOpen(true),
    openSheet: () => setSheetOpen(true),
    openTime: () => setTimeOpen(true),
    service,
    toggleNav,
  });

  return (
    <div className={classes.frame} data-narrow={isNarrow || undefined}>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <NavRail isNarrow={isNarrow} onToggle={toggleNav} onHelp={() => setSheetOpen(true)} />
      <div className={classes.body}>
        <TopBar
          isTimeOpen={isTimeOpen}
          onTimeOpen={setTimeOpen}
          onPalette={() => setPaletteOpen(true)}
          service={service}
        />
        <Notices />
        <main id="main" className={classes.main} tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      {isPaletteOpen && <Palette onClose={() => setPaletteOpen(false)} />}
      {isSheetOpen && <ShortcutSheet onClose={() => setSheetOpen(false)} />}
    </div>
  );
}

interface ShellActions {
  openPalette: () => void;
  openSheet: () => void;
  openTime: () => void;
  service: RefObject<HTMLInputElement | null>;
  toggleNav: () => void;
}

function useShellKeys(actions: ShellActions): void {
  const time = useTime();
  const { keep, isUsed } = useService();
  const path = useLocation({ select: (location) => location.pathname });
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme('light');
  useShortcuts([
    { keys: 'mod+k', title: 'Command palette', group: 'Everywhere', run: actions.openPalette, inFields: true },
    { keys: '?', title: 'This sheet', group: 'Everywhere', run: actions.openSheet },
    {
      keys: 'd',
      title: 'Light or dark',
      group: 'Everywhere',
      run: () => setColorScheme(shown === 'dark' ? 'light' : 'dark'),
    },
    { keys: '\\', title: 'Narrow or wide navigation', group: 'Everywhere', run: actions.toggleNav },
    ...PLACES.map((place) => ({
      keys: place.keys,
      title: `${place.group}: ${place.title}`,
      group: 'Go to',
      run: () => void navigate({ to: place.path, search: place.path === '/services' ? keepShell : keep }),
    })),
    ...(isUsed
      ? [{ keys: 'b', title: 'Choose a service', group: 'Everywhere', run: () => actions.service.current?.focus() }]
      : []),
    { keys: 'r', title: 'Refresh', group: 'Time', run: time.refresh },
    ...(isTimed(path) ? timeKeys(time, actions.openTime) : []),
  ]);
}

function timeKeys({ range, resolved, now, setRange }: TimeControl, openTime: () => void): Shortcut[] {
  const later = (): void => {
    if (hasLater(resolved, now)) setRange(shift(resolved, 1, millis(Date.now())));
  };
  return [
    { keys: 't', title: 'Choose the time range', group: 'Time', run: openTime },
    { keys: '[', title: 'Earlier', group: 'Time', run: () => setRange(shift(resolved, -1, now)) },
    { keys: ']', title: 'Later', group: 'Time', run: later },
    { keys: 'z', title: 'Zoom out', group: 'Time', run: () => setRange(zoomOut(range, resolved)) },
  ];
}
