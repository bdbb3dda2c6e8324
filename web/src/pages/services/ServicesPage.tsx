import { Button } from '@mantine/core';
import { IconAffiliate, IconAlertTriangle } from '@tabler/icons-react';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { ListPlace } from '@/components/place/ListPlace';
import { NoSpans } from '@/components/place/NoSpans';
import { useService } from '@/components/shell/service';
import { keepShell, withService } from '@/components/shell/shellUrl';
import { formatCount } from '@/lib/format';
import { OWN_SERVICE } from '@/model/trace/query';
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
  const { service } = useService();
  const change = (part: Partial<ServicesState>): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({ ...previous, ...encodeServices({ ...state, ...part }) }),
      replace: true,
    });
  };
  const shown = useMemo(
    () => sortServices(findServices(found.services, state.find, service), state.sort, state.descending),
    [found.services, state, service],
  );
  const showAll = (): void => {
    void navigate({
      to: '.',
      search: (previous: object) => ({ ...withService(previous, null), ...encodeServices({ ...state, find: '' }) }),
    });
  };

  if (found.isLoading && found.services.length === 0) return <Loading what="services" />;
  if (found.error !== null && found.services.length === 0) {
    return <Failure title="The services could not be listed" error={found.error} onRetry={found.refetch} />;
  }
  // Pharos alone is nobody’s shop: whoever is new is told how to send.
  const isOwnAlone =
    service === null && found.error === null && found.services.every((one) => one.name === OWN_SERVICE);
  const known = isOwnAlone ? 0 : shown.length;
  const count = (
    <>
      <b>{formatCount(known)}</b> {known === 1 ? 'service' : 'services'}
    </>
  );
  return (
    <ListPlace
      title="Services"
      find={state.find}
      onFind={(text) => change({ find: text })}
      count={count}
      isStale={found.isStale}
      content={
        isOwnAlone ? (
          <NoSpans of="spans" title="No services in this time range">
            A service appears here with its first span: its requests, errors and durations are counted as spans come.
            These lines in its environment make an OpenTelemetry SDK send them.
            {found.services.length > 0 && (
              <>
                {' '}
                <Link to="/services/$service" params={{ service: OWN_SERVICE }} search={keepShell}>
                  Pharos’s own
                </Link>{' '}
                are here.
              </>
            )}
          </NoSpans>
        ) : shown.length === 0 ? (
          <Empty title="No service is called that in this time range">
            <button type="button" className={classes.link} onClick={showAll}>
              Show all {found.services.length}
            </button>
          </Empty>
        ) : (
          <>
            {found.error !== null && (
              <p role="alert" className={classes.note}>
                <IconAlertTriangle size={15} />
                The numbers could not be counted: {found.error.message}
                <button type="button" className={classes.link} onClick={found.refetch}>
                  Try again
                </button>
              </p>
            )}
            <ServiceList
              services={shown}
              sort={state.sort}
              descending={state.descending}
              onSort={(sort, descending) => change({ sort, descending })}
            />
          </>
        )
      }
    >
      {shown.some((one) => one.before !== null) && (
        <span className={classes.hint}>Small numbers: the change against the same time before</span>
      )}
      <Button
        renderRoot={(props) => <Link to="/map" search={keepShell} {...props} />}
        c="var(--text)"
        leftSection={<IconAffiliate size={15} stroke={1.7} />}
      >
        Service map
      </Button>
    </ListPlace>
  );
}
