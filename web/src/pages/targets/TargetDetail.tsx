import { useQuery } from '@tanstack/react-query';
import type { Labels } from '@/api/query';
import { relabelSteps, type WireRelabelRule, type WireRelabelStep } from '@/api/targets';
import { ApiError } from '@/api/client';
import { compareLabels } from '@/model/target';
import classes from './Targets.module.css';

interface Props {
  pool: string;
  discovered: Labels;
  /** Null for a target that was dropped. */
  final: Labels | null;
}

export function TargetDetail({ pool, discovered, final }: Props) {
  const steps = useQuery({
    queryKey: ['relabel', pool, JSON.stringify(discovered)],
    queryFn: ({ signal }) => relabelSteps(pool, discovered, signal),
    retry: false,
    staleTime: 30_000,
  });
  return (
    <div className={classes.detail}>
      <section>
        <h3>{final === null ? 'Labels as discovered' : 'Labels before and after relabeling'}</h3>
        <LabelTable before={discovered} after={final} />
      </section>
      <section>
        <h3>Relabeling, step by step</h3>
        {steps.isLoading && <p className="muted">Loading…</p>}
        {steps.error !== null && <p className="muted">{whyNoSteps(steps.error)}</p>}
        {steps.data?.length === 0 && (
          <p className="muted">This pool has no relabel_configs: the labels are kept as discovered.</p>
        )}
        {steps.data !== undefined && steps.data.length > 0 && <Steps steps={steps.data} begin={discovered} />}
      </section>
    </div>
  );
}

function whyNoSteps(error: Error): string {
  return error instanceof ApiError && error.isMissing ? 'This server does not tell the steps.' : error.message;
}

function LabelTable({ before, after }: { before: Labels; after: Labels | null }) {
  const changes = compareLabels(before, after ?? before);
  return (
    <table className={classes.labels}>
      <thead>
        <tr>
          <th>Label</th>
          <th>{after === null ? 'Value' : 'Before'}</th>
          {after !== null && <th>After</th>}
        </tr>
      </thead>
      <tbody>
        {changes.map((one) => (
          <tr key={one.name} data-change={after === null ? undefined : one.change}>
            <td>
              <code>{one.name}</code>
            </td>
            <td>
              <code>{one.before ?? ''}</code>
            </td>
            {after !== null && (
              <td>
                <code>{one.after ?? <span className="muted">removed</span>}</code>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Steps({ steps, begin }: { steps: WireRelabelStep[]; begin: Labels }) {
  return (
    <ol className={classes.steps}>
      {steps.map((step, index) => {
        const before = index === 0 ? begin : (steps[index - 1]?.output ?? begin);
        const changes = step.keep ? compareLabels(before, step.output).filter((one) => one.change !== 'same') : [];
        return (
          <li key={index} data-dropped={!step.keep || undefined}>
            <code>{printRule(step.rule)}</code>
            {!step.keep && <p className={classes.droppedHere}>Dropped here</p>}
            {step.keep && changes.length === 0 && <p className="muted">changes nothing</p>}
            {changes.map((one) => (
              <p key={one.name} className={classes.diff}>
                <code>{one.name}</code>
                {one.before !== null && <del>{one.before}</del>}
                {one.after !== null && <ins>{one.after}</ins>}
              </p>
            ))}
          </li>
        );
      })}
    </ol>
  );
}

/** One line that reads like the configuration, without what is default. */
function printRule(rule: WireRelabelRule): string {
  const parts = [
    rule.action ?? 'replace',
    rule.source_labels !== undefined && rule.source_labels.length > 0 ? `[${rule.source_labels.join(', ')}]` : '',
    rule.regex !== undefined && rule.regex !== '(.*)' && rule.regex !== '' ? `=~ ${rule.regex}` : '',
    rule.modulus !== undefined && rule.modulus > 0 ? `mod ${rule.modulus}` : '',
    rule.target_label !== undefined && rule.target_label !== '' ? `→ ${rule.target_label}` : '',
    rule.replacement !== undefined && rule.replacement !== '$1' && rule.replacement !== ''
      ? `= ${rule.replacement}`
      : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}
