import classes from './MiddleText.module.css';

/** So many letters at the end always show: they tell `_bucket`, `_sum` and `_count` apart. */
const END = 12;

/** A name that is cut in its middle where there is no room. */
export function MiddleText({ text }: { text: string }) {
  const at = text.length > 2 * END ? text.length - END : text.length;
  return (
    <code className={classes.name} title={text} aria-label={text}>
      <span>{text.slice(0, at)}</span>
      {at < text.length && <b>{text.slice(at)}</b>}
    </code>
  );
}
