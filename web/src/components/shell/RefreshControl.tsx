import { Button, Menu, Tooltip } from '@mantine/core';
import { IconCheck, IconChevronDown, IconRefresh } from '@tabler/icons-react';
import { useIsFetching } from '@tanstack/react-query';
import { REFRESH_CHOICES } from './shellUrl';
import { useTime } from './time';
import classes from './Shell.module.css';
import spin from './RefreshControl.module.css';

export function RefreshControl() {
  const time = useTime();
  const isBusy = useIsFetching() > 0;
  return (
    <div className={classes.joined}>
      <Tooltip label="Refresh (R)">
        <Button aria-label="Refresh" px={8} onClick={time.refresh}>
          <IconRefresh size={15} stroke={1.7} className={isBusy ? spin.turning : undefined} />
        </Button>
      </Tooltip>
      <Menu position="bottom-end" width={150}>
        <Menu.Target>
          <Button
            aria-label="Refresh by itself"
            px={6}
            rightSection={<IconChevronDown size={13} />}
            classNames={{ section: spin.chevron }}
          >
            {time.every === undefined ? <span className="muted">Off</span> : time.every}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Refresh every</Menu.Label>
          {[undefined, ...REFRESH_CHOICES].map((choice) => (
            <Menu.Item
              key={choice ?? 'off'}
              onClick={() => time.setEvery(choice)}
              rightSection={choice === time.every ? <IconCheck size={14} /> : null}
            >
              {choice ?? 'Off'}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}
