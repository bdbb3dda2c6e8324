import classes from './Segments.module.css';

interface Props<T extends string> {
  label: string;
  value: T;
  choices: readonly { value: T; title: string; hint?: string }[];
  onChange: (value: T) => void;
}

/** One of a few. The arrow keys move as among radio buttons, which these are. */
export function Segments<T extends string>({ label, value, choices, onChange }: Props<T>) {
  const move = (by: number): void => {
    const at = choices.findIndex((choice) => choice.value === value);
    const next = choices[(at + by + choices.length) % choices.length];
    if (next !== undefined) onChange(next.value);
  };
  return (
    <div
      role="radiogroup"
      aria-label={label}
      className={classes.group}
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        move(by);
      }}
    >
      {choices.map((choice) => (
        <button
          type="button"
          role="radio"
          key={choice.value}
          aria-checked={choice.value === value}
          tabIndex={choice.value === value ? 0 : -1}
          title={choice.hint}
          onClick={() => onChange(choice.value)}
        >
          {choice.title}
        </button>
      ))}
    </div>
  );
}
