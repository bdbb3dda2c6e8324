import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { Loading } from '@/components/common/PageState';
import { Segments } from '@/components/common/Segments';
import { Cardinality } from './Cardinality';
import { FlagList } from './FlagList';
import { Overview } from './Overview';
import { Storage } from './Storage';
import { decodeStatus, encodeStatus, STATUS_VIEWS, type StatusState, type StatusView } from './url';
import classes from './Status.module.css';

const Configuration = lazy(() => import('./Configuration').then((module) => ({ default: module.Configuration })));

const TITLES: Record<StatusView, string> = {
  overview: 'Overview',
  cardinality: 'Cardinality',
  storage: 'Storage',
  flags: 'Flags',
  configuration: 'Configuration',
};

export function StatusPage() {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const state = useMemo(() => decodeStatus(search as Record<string, string>), [search]);
  const change = (part: Partial<StatusState>): void => {
    void navigate({ to: '.', search: (previous: object) => ({ ...previous, ...encodeStatus({ ...state, ...part }) }) });
  };
  return (
    <div className={classes.page}>
      <div>
        <Segments
          label="Part"
          value={state.view}
          choices={STATUS_VIEWS.map((view) => ({ value: view, title: TITLES[view] }))}
          onChange={(view) => change({ view, find: '' })}
        />
      </div>
      <Suspense fallback={<Loading what={TITLES[state.view].toLowerCase()} />}>
        {state.view === 'overview' && <Overview />}
        {state.view === 'cardinality' && <Cardinality />}
        {state.view === 'storage' && <Storage />}
        {state.view === 'flags' && <FlagList find={state.find} onFind={(find) => change({ find })} />}
        {state.view === 'configuration' && <Configuration />}
      </Suspense>
    </div>
  );
}
