// Where nothing is found: what is looked for may be older.
import { useTime } from '@/components/shell/time';
import classes from './Wider.module.css';

const WEEK_MS = 7 * 86_400_000;

export function Wider() {
  const { resolved, setRange } = useTime();
  if (resolved.to - resolved.from >= WEEK_MS) return null;
  return (
    <button type="button" className={classes.link} onClick={() => setRange({ from: 'now-7d', to: 'now' })}>
      Look in the last 7 days
    </button>
  );
}
