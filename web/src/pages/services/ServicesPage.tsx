import { Button, TextInput } from '@mantine/core';
import { IconAffiliate, IconSearch } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useRef } from 'react';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { useShortcuts } from '@/components/shell/keys';
import { keepShell } from '@/components/shell/shellUrl';
import { formatCount } from '@/lib/format';
import { findServices, sortServices } from '@/model/services/service';
import { ServiceList } from './ServiceList';
import { decodeServices, encodeServices, type ServicesState } from './url';
import { useServices } from './useServices';
import classes from './Services.module.css';

export function ServicesPage() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeServices(search as Record<string, string>), [search]);
  const found = useServices();
  const find = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', title: 'Find a service', group: 'Services', run: () => find.current?.focus() }]);
  const change = (part: Partial<ServicesState>): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({ ...previous, ...encodeServices({ ...state, ...part }) }),
      replace: true,
    });
  };
  const shown = useMemo(
    () => sortServices(findServices(found.services, state.find), state.sort, state.descending),
    [found.services, state],
  );

  if (found.isLoading && found.services.length === 0) return <Loading what="services" />;
  if (found.error !== null && found.services.length === 0) {
    return <Failure title="The services could not be listed" error={found.error} onRetry={found.refetch} />;
  }
  return (
    <div className={classes.page}>
      <div className={classes.bar}>
        <TextInput
          ref={find}
          aria-label="Find a service"
          placeholder="Find a service"
          leftSection={<IconSearch size={13} />}
          value={state.find}
          onChange={(event) => change({ find: event.currentTarget.value })}
          w={280}
        />
        <span className={`${classes.count} num`}>
          <b>{formatCount(shown.length)}</b> {shown.length === 1 ? 'service' : 'services'}
        </span>
        <span className={classes.spring} />
        <span className={classes.count}>Small numbers: the change against the same time before</span>
        <Button
          renderRoot={(props) => <Link to="/map" search={keepShell} {...props} />}
          c="var(--text)"
          leftSection={<IconAffiliate size={15} stroke={1.7} />}
        >
          Service map
        </Button>
      </div>
      <section className={classes.panel} aria-label="Services" data-stale={found.isStale || undefined}>
        {found.services.length === 0 ? (
          <Nothing />
        ) : shown.length === 0 ? (
          <Empty title="No service is called that">
            <button type="button" className={classes.link} onClick={() => change({ find: '' })}>
              Show all {found.services.length}
            </button>
          </Empty>
        ) : (
          <ServiceList
            services={shown}
            sort={state.sort}
            descending={state.descending}
            onSort={(sort, descending) => change({ sort, descending })}
          />
        )}
      </section>
    </div>
  );
}

function Nothing() {
  const host = location.hostname.includes(':') ? `[${location.hostname}]` : location.hostname;
  const lines = `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
OTEL_SERVICE_NAME=my-service`;
  return (
    <Empty title="No services in this time range" lines={lines}>
      A service appears here with its first span: its requests, errors and durations are counted as spans come. These
      lines in its environment make an OpenTelemetry SDK send them.
    </Empty>
  );
}
