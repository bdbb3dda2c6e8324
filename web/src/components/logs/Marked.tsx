import { Fragment } from 'react';
import { splitByHits } from './highlight';
import classes from './Logs.module.css';

/** Text with what was searched for marked. */
export function Marked({ text, pattern }: { text: string; pattern: RegExp | null }) {
  if (pattern === null) return text;
  return splitByHits(text, pattern).map((piece, index) =>
    piece.isHit ? (
      <mark key={index} className={classes.hit}>
        {piece.text}
      </mark>
    ) : (
      <Fragment key={index}>{piece.text}</Fragment>
    ),
  );
}
