import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import classes from './SortHead.module.css';

interface Props<Key extends string> {
  name: Key;
  title: string;
  sort: Key;
  descending: boolean;
  isNumber?: boolean;
  hint?: string;
  onSort: (key: Key, descending: boolean) => void;
}

/** The head of a column: a click sorts by it, a second one turns it round. Numbers begin with the largest. */
export function SortHead<Key extends string>(props: Props<Key>) {
  const { name, title, sort, descending, isNumber = true, hint, onSort } = props;
  const isOn = sort === name;
  const Arrow = descending ? IconArrowDown : IconArrowUp;
  return (
    <button
      type="button"
      role="columnheader"
      aria-sort={isOn ? (descending ? 'descending' : 'ascending') : 'none'}
      className={classes.head}
      data-number={isNumber || undefined}
      data-active={isOn || undefined}
      title={hint}
      onClick={() => onSort(name, isOn ? !descending : isNumber)}
    >
      {title}
      {isOn && <Arrow size={12} />}
    </button>
  );
}
