import { colourOf } from '@/components/chart/palette';
import classes from './ServiceTag.module.css';

interface Props {
  name: string;
  /** Index of the palette's colour. */
  colour: number;
  count?: string | undefined;
  hasErrors?: boolean;
}

/** A service's name beside its colour, which is never alone. */
export function ServiceTag({ name, colour, count, hasErrors = false }: Props) {
  return (
    <span className={classes.tag} title={name} data-bad={hasErrors || undefined}>
      <i style={{ background: colourOf(colour) }} />
      <span>{name}</span>
      {count !== undefined && <b className="num">{count}</b>}
    </span>
  );
}
