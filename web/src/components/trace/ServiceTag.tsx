import { serviceColour } from './serviceColours';
import classes from './ServiceTag.module.css';

interface Props {
  name: string;
  /** Whose colour it has, where the name is not only the service's. */
  service?: string;
  count?: string | undefined;
  hasErrors?: boolean;
}

/** A service's name beside its colour, which is never alone. */
export function ServiceTag({ name, service = name, count, hasErrors = false }: Props) {
  return (
    <span className={classes.tag} title={name} data-bad={hasErrors || undefined}>
      <i style={{ background: serviceColour(service) }} />
      <span>{name}</span>
      {count !== undefined && <b className="num">{count}</b>}
    </span>
  );
}
