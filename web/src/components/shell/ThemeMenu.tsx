import { ActionIcon, Menu, Tooltip, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { IconCheck, IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react';
import { useState } from 'react';

const CHOICES: { scheme: MantineColorScheme; title: string; Icon: typeof IconSun }[] = [
  { scheme: 'light', title: 'Light', Icon: IconSun },
  { scheme: 'dark', title: 'Dark', Icon: IconMoon },
  { scheme: 'auto', title: 'As the system', Icon: IconDeviceDesktop },
];

export function ThemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [isOpen, setOpen] = useState(false);
  const Current = CHOICES.find((choice) => choice.scheme === colorScheme)?.Icon ?? IconDeviceDesktop;
  return (
    <Menu position="top-start" width={180} opened={isOpen} onChange={setOpen}>
      <Menu.Target>
        <Tooltip label="Light or dark (D)" disabled={isOpen}>
          <ActionIcon aria-label="Theme">
            <Current size={17} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {CHOICES.map(({ scheme, title, Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={15} stroke={1.6} />}
            rightSection={scheme === colorScheme ? <IconCheck size={14} /> : null}
            onClick={() => setColorScheme(scheme)}
          >
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
