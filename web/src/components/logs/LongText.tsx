// A text that may be megabytes, laid out in pieces.
import { useState } from 'react';
import { formatCount } from '@/lib/format';
import { Marked } from './Marked';
import classes from './Logs.module.css';

/** What is laid out at once: more makes scrolling stutter. */
const SHOWN_CHARS_MAX = 50_000;

export function LongText({ text, pattern }: { text: string; pattern: RegExp | null }) {
  const [isAll, setAll] = useState(false);
  const isCut = !isAll && text.length > SHOWN_CHARS_MAX;
  return (
    <pre className={classes.body}>
      <Marked text={isCut ? text.slice(0, SHOWN_CHARS_MAX) : text} pattern={pattern} />
      {isCut && (
        <button type="button" className={classes.all} onClick={() => setAll(true)}>
          Show all {formatCount(text.length)} characters
        </button>
      )}
    </pre>
  );
}
