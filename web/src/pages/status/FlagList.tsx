import { TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { flags } from '@/api/status';
import { CopyButton, Failure, Loading } from '@/components/common/PageState';
import { useShortcuts } from '@/components/shell/keys';
import { findFlags } from '@/model/statusFacts';
import classes from './Status.module.css';

export function FlagList({ find, onFind }: { find: string; onFind: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  useShortcuts([{ keys: '/', title: 'Find a flag', group: 'Status', run: () => input.current?.focus() }]);
  const query = useQuery({ queryKey: ['flags'], queryFn: ({ signal }) => flags(signal) });
  if (query.isLoading) return <Loading what="flags" />;
  if (query.data === undefined)
    return <Failure title="The flags could not be listed" error={query.error} onRetry={() => void query.refetch()} />;
  const found = findFlags(query.data, find);
  return (
    <>
      <div className={classes.bar}>
        <TextInput
          ref={input}
          aria-label="Find a flag"
          placeholder="Find by name or value"
          leftSection={<IconSearch size={13} />}
          value={find}
          onChange={(event) => onFind(event.currentTarget.value)}
          w={320}
        />
        <span className="muted num">
          {found.length} of {Object.keys(query.data).length} flags
        </span>
      </div>
      <section className={classes.card} aria-label="Flags">
        <table className={classes.table}>
          <tbody>
            {found.map((flag) => (
              <tr key={flag.name}>
                <td>
                  <code className={classes.flag}>--{flag.name}</code>
                </td>
                <td>
                  <code>{flag.value === '' ? <span className="muted">empty</span> : flag.value}</code>
                </td>
                <td>
                  <CopyButton text={`--${flag.name}=${flag.value}`} label="Copy the flag" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {found.length === 0 && <p className={classes.none}>No flag has these letters.</p>}
      </section>
    </>
  );
}
