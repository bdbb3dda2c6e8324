import { Button } from '@mantine/core';
import { IconCheck, IconCopy, IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { config } from '@/api/status';
import { YamlView } from '@/components/editor/YamlView';
import { Empty, Failure, Loading } from '@/components/common/PageState';
import { useTime } from '@/components/shell/time';
import { copyText, download } from '@/lib/browser';
import classes from './Status.module.css';

export function Configuration() {
  const { now } = useTime();
  const [isDone, setDone] = useState(false);
  const query = useQuery({
    queryKey: ['config', now],
    queryFn: ({ signal }) => config(signal),
    placeholderData: (last) => last,
  });
  if (query.isLoading) return <Loading what="the configuration" />;
  if (query.data === undefined)
    return (
      <Failure title="The configuration could not be read" error={query.error} onRetry={() => void query.refetch()} />
    );
  const text = query.data;
  if (text.trim() === '')
    return <Empty title="No configuration file is loaded" lines="pharos serve --prometheus-config prometheus.yml" />;
  const copy = async (): Promise<void> => {
    setDone(await copyText(text));
    setTimeout(() => setDone(false), 1500);
  };
  const Icon = isDone ? IconCheck : IconCopy;
  return (
    <>
      <div className={classes.bar}>
        <span className="muted num">
          As the server understood it, {text.trimEnd().split('\n').length} lines; secrets are hidden
        </span>
        <Button leftSection={<Icon size={14} stroke={1.7} />} onClick={() => void copy()}>
          {isDone ? 'Copied' : 'Copy'}
        </Button>
        <Button
          leftSection={<IconDownload size={14} stroke={1.7} />}
          onClick={() => download('prometheus.yml', text, 'application/yaml')}
        >
          Save
        </Button>
      </div>
      <section className={classes.card} aria-label="Configuration">
        <YamlView text={text} label="Configuration" />
      </section>
    </>
  );
}
