// The service that travels with the user: in the address as `service`, and the page of one service is of that one.
import { useLocation, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';
import { PLACES } from '@/model/places';
import { decodeShell, keepShell, withService } from './shellUrl';

export interface ServiceControl {
  /** Null for all. */
  service: string | null;
  /** Whether what is shown depends on it. */
  isUsed: boolean;
  setService: (service: string | null) => void;
  /** What goes along to another place. */
  keep: (search: object) => Record<string, string>;
}

export function useService(): ServiceControl {
  const search = useSearch({ strict: false });
  const { service: ofPage } = useParams({ strict: false });
  const path = useLocation({ select: (location) => location.pathname });
  const navigate = useNavigate();
  const service = ofPage ?? decodeShell(search).service ?? null;
  const setService = useCallback(
    (next: string | null): void => {
      if (ofPage === undefined) {
        void navigate({ to: '.', search: (previous: object) => withService(previous, next) });
      } else if (next === null) void navigate({ to: '/services', search: keepShell });
      else void navigate({ to: '/services/$service', params: { service: next }, search: keepShell });
    },
    [navigate, ofPage],
  );
  const keep = useCallback(
    (previous: object) => ({ ...keepShell(previous), ...(service === null ? {} : { service }) }),
    [service],
  );
  return {
    service,
    isUsed: ofPage !== undefined || PLACES.some((place) => place.path === path && place.isOfService === true),
    setService,
    keep,
  };
}
