import { IconZoomIn } from '@tabler/icons-react';
import type { AttributeValue, Attributes } from '@/api/events';
import { Breakable } from '@/components/common/Breakable';
import { CopyButton } from '@/components/common/PageState';
import { tracesWith } from '@/model/trace/jumps';
import { JumpLink } from './JumpLink';
import classes from './AttributeList.module.css';

interface Props {
  title: string;
  attributes: Attributes;
  /** Only those whose name or value has it. */
  find: string;
  /** Before a key in a search: `resource.`. */
  prefix?: string;
}

/** Names and values, each to copy and to search for. */
export function AttributeList({ title, attributes, find, prefix = '' }: Props) {
  const needle = find.trim().toLowerCase();
  const rows = Object.entries(attributes)
    .map(([key, value]) => ({ key, value, text: printValue(value) }))
    .filter(
      ({ key, text }) => needle === '' || key.toLowerCase().includes(needle) || text.toLowerCase().includes(needle),
    )
    .sort((a, b) => a.key.localeCompare(b.key));
  if (rows.length === 0) return null;
  return (
    <section className={classes.list} aria-label={title}>
      <h3>{title}</h3>
      {rows.map(({ key, value, text }) => (
        <div key={key} className={classes.row}>
          <span title={key}>
            <Breakable text={key} />
          </span>
          <code data-type={typeof value}>{text}</code>
          <span className={classes.tools}>
            {(typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') && (
              <JumpLink to={tracesWith(prefix + key, value)} title="Traces with this">
                <IconZoomIn size={14} stroke={1.7} />
              </JumpLink>
            )}
            <CopyButton text={text} label="Copy the value" />
          </span>
        </div>
      ))}
    </section>
  );
}

/** JSON is laid out; the rest is as it is. */
function printValue(value: AttributeValue): string {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value, null, 2);
  return value === '' ? '""' : String(value);
}
