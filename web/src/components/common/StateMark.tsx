import { IconAlertTriangleFilled, IconCircleCheckFilled, IconCircleDashed, IconCircleMinus } from '@tabler/icons-react';
import classes from './StateMark.module.css';

export type State = 'up' | 'down' | 'unknown' | 'dropped';

const ICONS = {
  up: IconCircleCheckFilled,
  down: IconAlertTriangleFilled,
  unknown: IconCircleDashed,
  dropped: IconCircleMinus,
};
const WORDS: Record<State, string> = { up: 'Up', down: 'Down', unknown: 'Unknown', dropped: 'Dropped' };

/** A state by shape, word and colour, in this order of importance. */
export function StateMark({ state, word }: { state: State; word?: string }) {
  const Icon = ICONS[state];
  return (
    <span className={classes.mark} data-state={state}>
      <Icon size={15} />
      <span>{word ?? WORDS[state]}</span>
    </span>
  );
}
