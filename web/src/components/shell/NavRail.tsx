import { ActionIcon, Tooltip } from '@mantine/core';
import {
  IconAffiliate,
  IconAlignLeft,
  IconChartLine,
  IconDoorEnter,
  IconKeyboard,
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconServer2,
  IconSettings2,
  IconTargetArrow,
  IconTimeline,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { PLACES, type Place } from '@/model/places';
import { useService } from './service';
import { keepShell } from './shellUrl';
import { ThemeMenu } from './ThemeMenu';
import classes from './Shell.module.css';

const ICONS: Record<Place['path'], typeof IconChartLine> = {
  '/explore/metrics': IconChartLine,
  '/logs': IconAlignLeft,
  '/traces': IconTimeline,
  '/services': IconServer2,
  '/map': IconAffiliate,
  '/pipeline/targets': IconTargetArrow,
  '/pipeline/receivers': IconDoorEnter,
  '/settings/status': IconSettings2,
};

interface Props {
  isNarrow: boolean;
  onToggle: () => void;
  onHelp: () => void;
}

export function NavRail({ isNarrow, onToggle, onHelp }: Props) {
  const groups = [...new Set(PLACES.map((place) => place.group))];
  const Toggle = isNarrow ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  return (
    <nav className={classes.rail} aria-label="Places">
      <Link to="/explore/metrics" search={keepShell} className={classes.brand}>
        <img src="/favicon.svg" alt="" />
        <span>Pharos</span>
      </Link>
      <div className={classes.groups}>
        {groups.map((group) => (
          <div key={group} className={classes.group}>
            <div className={classes.groupTitle}>{group}</div>
            {PLACES.filter((place) => place.group === group).map((place) => (
              <PlaceLink key={place.path} place={place} isNarrow={isNarrow} />
            ))}
          </div>
        ))}
      </div>
      <div className={classes.foot}>
        <ThemeMenu />
        <Tooltip label="Keyboard shortcuts (?)">
          <ActionIcon aria-label="Keyboard shortcuts" onClick={onHelp}>
            <IconKeyboard size={17} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={isNarrow ? 'Widen (\\)' : 'Narrow (\\)'}>
          <ActionIcon aria-label={isNarrow ? 'Widen the navigation' : 'Narrow the navigation'} onClick={onToggle}>
            <Toggle size={17} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </div>
    </nav>
  );
}

function PlaceLink({ place, isNarrow }: { place: Place; isNarrow: boolean }) {
  const Icon = ICONS[place.path];
  const { keep } = useService();
  return (
    <Tooltip label={`${place.group}: ${place.title}`} position="right" disabled={!isNarrow}>
      <Link
        to={place.path}
        search={place.path === '/services' ? keepShell : keep}
        className={classes.link}
        aria-label={place.title}
      >
        <Icon size={17} stroke={1.7} />
        <span>{place.title}</span>
      </Link>
    </Tooltip>
  );
}
