// Services in one line: as many as fit, the rest behind a number that opens all of them.
import { Popover } from '@mantine/core';
import { useElementSize, useMergedRef } from '@mantine/hooks';
import { useLayoutEffect, useRef, useState } from 'react';
import { formatCount } from '@/lib/format';
import { fitting, type Fitting } from '@/model/trace/chips';
import { ServiceTag } from './ServiceTag';
import classes from './ServiceChips.module.css';

export interface Chip {
  name: string;
  spans: number;
  errors: number;
}

interface Props {
  services: readonly Chip[];
  hasCounts?: boolean;
  /** Whether the Tab key stops at what is behind the number. */
  isStop?: boolean;
  onChoose?: (name: string) => void;
}

/** As many as could fit on the widest line. */
const DRAWN_MAX = 24;
/** `+99` in its frame. */
const MORE_PX = 40;

export function ServiceChips({ services, hasCounts = false, isStop = true, onChoose }: Props) {
  const host = useRef<HTMLSpanElement>(null);
  const { ref: sized, width } = useElementSize<HTMLSpanElement>();
  const ref = useMergedRef(sized, host);
  const [fits, setFits] = useState<Fitting>({ count: services.length, end: 0 });
  useLayoutEffect(() => {
    if (host.current === null || width === 0) return;
    const chips = [...host.current.querySelectorAll<HTMLElement>('[data-chip]')];
    const rights = chips.map((chip) => chip.offsetLeft + chip.offsetWidth);
    setFits(fitting(rights, services.length, width, MORE_PX));
  }, [services, width]);
  const rest = services.length - fits.count;
  return (
    <span ref={ref} className={classes.line} data-testid="service-chips">
      {services.slice(0, DRAWN_MAX).map((service, place) => (
        <span key={service.name} data-chip className={classes.chip} data-hidden={place >= fits.count || undefined}>
          <One service={service} hasCounts={hasCounts} onChoose={onChoose} />
        </span>
      ))}
      {rest > 0 && (
        <Popover position="bottom-end">
          <Popover.Target>
            <button
              type="button"
              className={`${classes.more} num`}
              tabIndex={isStop ? 0 : -1}
              style={{ left: fits.end === 0 ? 0 : fits.end + 4 }}
              aria-label={`${formatCount(rest)} more services`}
            >
              +{formatCount(rest)}
            </button>
          </Popover.Target>
          <Popover.Dropdown className={classes.all ?? ''}>
            {services.map((service) => (
              <One key={service.name} service={service} hasCounts onChoose={onChoose} />
            ))}
          </Popover.Dropdown>
        </Popover>
      )}
    </span>
  );
}

interface OneProps {
  service: Chip;
  hasCounts: boolean;
  onChoose: ((name: string) => void) | undefined;
}

function One({ service, hasCounts, onChoose }: OneProps) {
  const tag = (
    <ServiceTag
      name={service.name}
      count={hasCounts ? formatCount(service.spans) : undefined}
      hasErrors={service.errors > 0}
    />
  );
  if (onChoose === undefined) return tag;
  return (
    <button type="button" className={classes.choose} onClick={() => onChoose(service.name)} title={about(service)}>
      {tag}
    </button>
  );
}

function about({ name, spans, errors }: Chip): string {
  return `${name}: ${formatCount(spans)} spans, ${formatCount(errors)} with errors. A click finds them.`;
}
