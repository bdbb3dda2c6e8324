import { Select } from '@mantine/core';
import { IconServer2 } from '@tabler/icons-react';
import { useState, type RefObject } from 'react';
import { useTop } from '@/components/services/useTop';
import { withChosen } from '@/lib/choices';
import { useService } from './service';
import classes from './Shell.module.css';

/** Whose services, map, traces and logs are shown. It stays when the place changes. */
export function ServiceFilter({ inputRef }: { inputRef: RefObject<HTMLInputElement | null> }) {
  const { service, isUsed, setService } = useService();
  const [wasOpened, setOpened] = useState(false);
  const spans = useTop('span', 'service', '', wasOpened && isUsed);
  const logs = useTop('log', 'service', '', wasOpened && isUsed);
  if (!isUsed) return null;
  const names = [...new Set([...spans.values, ...logs.values])].filter((name) => name !== '');
  return (
    <Select
      ref={inputRef}
      className={`${classes.service} ${service === null ? '' : classes.chosen}`}
      aria-label="Service"
      placeholder="All services"
      leftSection={<IconServer2 size={14} stroke={1.7} />}
      data={withChosen(
        names.sort((a, b) => a.localeCompare(b)),
        service,
      )}
      value={service}
      onChange={setService}
      onDropdownOpen={() => setOpened(true)}
      onFocus={() => setOpened(true)}
      limit={200}
      maxDropdownHeight={360}
      nothingFoundMessage={spans.isKnown && logs.isKnown ? 'No service is called that' : 'Loading…'}
      clearButtonProps={{ 'aria-label': 'All services', 'aria-hidden': false, tabIndex: 0 }}
      clearable
      searchable
      selectFirstOptionOnChange
    />
  );
}
