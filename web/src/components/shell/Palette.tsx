import { Kbd, Modal, useMantineColorScheme } from '@mantine/core';
import { IconArrowRight, IconChartLine, IconHistory, IconSearch, IconTerminal2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { metadata } from '@/api/metadata';
import { copyText, isMac } from '@/lib/browser';
import { search as find } from '@/lib/fuzzy';
import { printKeys } from '@/lib/shortcuts';
import { metricSelector } from '@/model/labels';
import { exploreSearch, PLACES } from '@/model/places';
import { PRESETS } from '@/model/timeRange';
import { useService } from './service';
import { pastCommands, useSearches, useServices, type Command } from './paletteCommands';
import { keepShell } from './shellUrl';
import { useTime } from './time';
import classes from './Palette.module.css';

const ICONS = {
  'Go to': IconArrowRight,
  Search: IconSearch,
  Do: IconTerminal2,
  Recent: IconHistory,
  Metrics: IconChartLine,
};
/** In this order. All places are told of, also to whoever types nothing. */
const PER_GROUP = { 'Go to': PLACES.length, Recent: 6, Do: 6, Metrics: 12, Search: 3 };

/** In the same breath as it appears: keys that are typed at once are meant for it. */
function focusNow(input: HTMLInputElement | null): void {
  input?.focus();
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const commands = useCommands();
  const services = useServices();
  const searches = useSearches(text);
  const shown = useMemo(
    () => pick([...commands, ...services, ...searches], text),
    [commands, services, searches, text],
  );
  const current = Math.min(at, shown.length - 1);

  const move = (to: number): void => {
    const next = (to + shown.length) % Math.max(1, shown.length);
    setAt(next);
    list.current?.querySelector(`[data-index="${next}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') move(current + 1);
    else if (event.key === 'ArrowUp') move(current - 1);
    else if (event.key === 'Enter') run(shown[current]);
    else return;
    event.preventDefault();
  };

  return (
    <Modal
      opened
      onClose={onClose}
      withCloseButton={false}
      padding={0}
      size={640}
      yOffset="12vh"
      // Until a transition has begun there is no field, and keys would go to the page.
      transitionProps={{ duration: 0 }}
    >
      <div className={classes.input}>
        <IconSearch size={16} stroke={1.8} />
        <input
          data-autofocus
          ref={focusNow}
          role="combobox"
          aria-expanded
          aria-controls="palette-list"
          aria-activedescendant={`palette-${current}`}
          aria-label="Find a page, an action, a query or a metric"
          placeholder="Find a page, a metric, a query; or search logs and traces"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Kbd>Esc</Kbd>
      </div>
      <div id="palette-list" role="listbox" className={classes.list} ref={list}>
        {shown.map((command, index) => {
          const Icon = ICONS[command.group];
          return (
            <div key={command.id}>
              {command.group !== shown[index - 1]?.group && <div className={classes.group}>{command.group}</div>}
              <div
                role="option"
                id={`palette-${index}`}
                data-index={index}
                aria-selected={index === current}
                className={classes.item}
                onMouseMove={() => setAt(index)}
                onClick={() => run(command)}
              >
                <Icon size={15} stroke={1.7} />
                <span className={command.isCode === true ? 'mono' : undefined}>{command.title}</span>
                {command.hint !== undefined && <small>{command.hint}</small>}
                {command.keys !== undefined && (
                  <em>
                    {printKeys(command.keys, isMac()).map((key, i) => (
                      <Kbd key={i}>{key}</Kbd>
                    ))}
                  </em>
                )}
              </div>
            </div>
          );
        })}
        {shown.length === 0 && <div className={classes.none}>Nothing is called that.</div>}
      </div>
    </Modal>
  );
}

/** Without a text: places and recent queries, not the alphabet of all metrics. */
function pick(commands: readonly Command[], text: string): Command[] {
  const groups = Object.keys(PER_GROUP) as Command['group'][];
  return groups.flatMap((group) => {
    if (text.trim() === '' && group === 'Metrics') return [];
    const inGroup = commands.filter((command) => command.group === group);
    // These are made of the text.
    if (group === 'Search') return inGroup;
    return find(text, inGroup, (command) => `${command.title} ${command.words ?? ''}`, PER_GROUP[group]);
  });
}

function useCommands(): Command[] {
  const navigate = useNavigate();
  const time = useTime();
  const { keep } = useService();
  const { setColorScheme } = useMantineColorScheme();
  const metrics = useQuery({ queryKey: ['metadata'], queryFn: ({ signal }) => metadata(signal), staleTime: 60_000 });

  return useMemo(() => {
    const open = (query: string): void => {
      void navigate({
        to: '/explore/metrics',
        search: (previous: object) => ({ ...keepShell(previous), ...exploreSearch(query) }),
      });
    };
    const actions: Command[] = [
      { id: 'refresh', group: 'Do', title: 'Refresh', keys: 'r', run: time.refresh },
      {
        id: 'copy',
        group: 'Do',
        title: 'Copy a link to this view',
        words: 'share url',
        run: () => void copyText(location.href),
      },
      ...(['light', 'dark', 'auto'] as const).map((scheme) => ({
        id: `theme-${scheme}`,
        group: 'Do' as const,
        title: `Theme: ${scheme === 'auto' ? 'as the system' : scheme}`,
        run: () => setColorScheme(scheme),
      })),
      ...PRESETS.map((preset) => ({
        id: `time-${preset.label}`,
        group: 'Do' as const,
        title: preset.label,
        words: `time range ${preset.range.from}`,
        run: () => time.setRange(preset.range),
      })),
    ];
    const places: Command[] = PLACES.map((place) => ({
      id: place.path,
      group: 'Go to',
      title: `${place.group}: ${place.title}`,
      words: place.words,
      keys: place.keys,
      run: () => void navigate({ to: place.path, search: place.path === '/services' ? keepShell : keep }),
    }));
    const recent = pastCommands((of, query) => {
      if (of === 'promql') open(query);
      else
        void navigate({
          to: of === 'log' ? '/logs' : '/traces',
          search: (all: object) => ({ ...keepShell(all), q: query }),
        });
    });
    const names: Command[] = Object.entries(metrics.data ?? {}).map(([name, [about]]) => ({
      id: `metric-${name}`,
      group: 'Metrics',
      title: name,
      hint: about?.help,
      isCode: true,
      run: () => open(metricSelector(name)),
    }));
    return [...places, ...recent, ...actions, ...names];
  }, [navigate, time, keep, setColorScheme, metrics.data]);
}
