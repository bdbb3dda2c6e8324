import { IconAlertTriangle, IconPlugConnectedX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ApiError } from '@/api/client';
import { notifications } from '@/api/status';
import { useTime } from './time';
import classes from './Shell.module.css';

/** How soon a fault of the server shows up here. */
const POLL_MS = 15_000;
const POLL_UNREACHABLE_MS = 3000;

/** What concerns every page: the server is gone, its configuration was refused, the address cannot be read. */
export function Notices() {
  const { isInvalid } = useTime();
  const { data, error } = useQuery({
    queryKey: ['notifications'],
    queryFn: ({ signal }) => notifications(signal),
    refetchInterval: ({ state }) =>
      isUnreachable(state.error) ? POLL_UNREACHABLE_MS : isMissing(state.error) ? false : POLL_MS,
    retry: false,
  });
  const active = data?.filter((one) => one.active) ?? [];
  return (
    <>
      {isUnreachable(error) && (
        <div className={classes.notice} data-kind="bad" role="alert">
          <IconPlugConnectedX size={16} />
          The server does not answer. What you see is the last that it said; trying again every 3 s.
        </div>
      )}
      {isInvalid && (
        <div className={classes.notice} role="status">
          <IconAlertTriangle size={16} />
          The time range in the address cannot be read: the last hour is shown.
        </div>
      )}
      {active.map((one) => (
        <div key={one.text} className={classes.notice} role="status">
          <IconAlertTriangle size={16} />
          {one.text}
        </div>
      ))}
    </>
  );
}

/** A server without notifications is not asked again. */
function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.isMissing;
}

function isUnreachable(error: unknown): boolean {
  return error instanceof ApiError && error.isUnreachable;
}
