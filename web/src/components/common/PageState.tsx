// What stands where content would: nothing yet, nothing at all, or what went wrong.
import { Button, Loader } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconCopy, IconInbox } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { copyText } from '@/lib/browser';
import classes from './PageState.module.css';

export function Loading({ what }: { what: string }) {
  return (
    <div className={classes.state} role="status">
      <Loader />
      <p className="muted">Loading {what}…</p>
    </div>
  );
}

interface EmptyProps {
  title: string;
  children?: ReactNode;
  /** The lines that would fill the place. */
  lines?: string;
}

export function Empty({ title, children, lines }: EmptyProps) {
  return (
    <div className={classes.state}>
      <IconInbox size={28} stroke={1.3} className={classes.icon} />
      <h2>{title}</h2>
      {children !== undefined && <div className={classes.text}>{children}</div>}
      {lines !== undefined && <Lines text={lines} />}
    </div>
  );
}

export function Failure({ title, error, onRetry }: { title: string; error: unknown; onRetry?: () => void }) {
  return (
    <div className={classes.state} role="alert">
      <IconAlertTriangle size={28} stroke={1.3} className={classes.bad} />
      <h2>{title}</h2>
      <p className={classes.text}>{error instanceof Error ? error.message : 'Something went wrong.'}</p>
      {onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

export function PageError({ error }: { error: unknown }) {
  return <Failure title="This page broke" error={error} onRetry={() => location.reload()} />;
}

export function NotFound() {
  return <Empty title="There is nothing here">The address names no place of this application.</Empty>;
}

function Lines({ text }: { text: string }) {
  return (
    <div className={classes.lines}>
      <pre>{text}</pre>
      <CopyButton text={text} label="Copy" />
    </div>
  );
}

export function CopyButton({ text, label }: { text: string | (() => string); label?: string }) {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    setDone(await copyText(typeof text === 'string' ? text : text()));
    setTimeout(() => setDone(false), 1500);
  };
  const Icon = isDone ? IconCheck : IconCopy;
  return (
    <button
      type="button"
      className={classes.copy}
      onClick={() => void copy()}
      aria-label={label ?? 'Copy'}
      title={label ?? 'Copy'}
    >
      <Icon size={14} stroke={1.7} />
    </button>
  );
}
