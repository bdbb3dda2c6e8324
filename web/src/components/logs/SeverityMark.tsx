import type { Severity } from '@/model/logs/severity';
import classes from './Logs.module.css';

const WORDS: Record<Severity, string> = {
  fatal: 'FATAL',
  error: 'ERROR',
  warn: 'WARN',
  info: 'INFO',
  debug: 'DEBUG',
  trace: 'TRACE',
  unknown: '–',
};

/** A severity by its word, and by colour. */
export function SeverityMark({ severity, title }: { severity: Severity; title?: string | undefined }) {
  return (
    <span className={`${classes.sev} ${classes.mark}`} data-severity={severity} title={title}>
      {WORDS[severity]}
    </span>
  );
}
