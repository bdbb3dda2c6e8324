import type { Labels } from '@/api/query';
import { labelName, quote } from '@/model/labels';
import classes from './LabelList.module.css';

/** A label set in one flow, names quieter than values. */
export function LabelList({ labels, isWrapping = false }: { labels: Labels; isWrapping?: boolean }) {
  return (
    <span className={classes.labels} data-wrapping={isWrapping || undefined}>
      {Object.entries(labels)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, value]) => (
          <code key={name} title={`${labelName(name)}=${quote(value)}`}>
            <span>{labelName(name)}=</span>
            {value === '' ? '""' : value}
          </code>
        ))}
    </span>
  );
}
