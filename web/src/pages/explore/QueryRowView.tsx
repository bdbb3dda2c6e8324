import { ActionIcon, Loader, Tooltip } from '@mantine/core';
import { IconCopyPlus, IconTrash, IconWand } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { ApiError } from '@/api/client';
import { formatQuery, type QueryData } from '@/api/query';
import { formatCount, formatSeconds } from '@/lib/format';
import { readFault } from '@/model/queryError';
import type { Result } from './results';
import type { DraftRow } from './useQueryRows';
import classes from './Explore.module.css';

/** Asked for when this page's code runs, not when its first row is drawn. */
const loading = import('@/components/editor/PromqlEditor');
const PromqlEditor = lazy(() => loading.then((module) => ({ default: module.PromqlEditor })));

interface Props {
  row: DraftRow;
  isOnly: boolean;
  result: Result | undefined;
  onType: (text: string) => void;
  onRun: () => void;
  onToggle: () => void;
  onDuplicate: () => void;
  onRemove: () => void;
}

export function QueryRowView(props: Props) {
  const { row, result } = props;
  const letter = row.id.toUpperCase();
  const [formatError, setFormatError] = useState<string | null>(null);
  const isEdited = row.draft.trim() !== row.expr;
  const error = formatError ?? (isEdited ? null : (result?.error?.message ?? null));
  const fault = error === null ? null : readFault(error, row.draft);

  const format = async (): Promise<void> => {
    try {
      props.onType((await formatQuery(row.draft)).data);
      setFormatError(null);
    } catch (failure) {
      setFormatError(failure instanceof ApiError ? failure.message : 'The query could not be formatted.');
    }
  };

  return (
    <div className={classes.row} data-off={!row.isOn || undefined} data-bad={fault !== null || undefined}>
      <Tooltip label={row.isOn ? `Switch ${letter} off` : `Switch ${letter} on`}>
        <button
          type="button"
          className={classes.letter}
          aria-pressed={row.isOn}
          aria-label={`Query ${letter} on`}
          onClick={props.onToggle}
        >
          {letter}
        </button>
      </Tooltip>
      <div className={classes.editor}>
        <Suspense fallback={<pre className={classes.editorWait}>{row.draft || 'PromQL'}</pre>}>
          <PromqlEditor
            value={row.draft}
            label={letter}
            placeholder="PromQL: rate(http_requests_total[5m]), or start with the name of a metric"
            fault={fault?.place ?? null}
            autoFocus={props.isOnly && row.draft === ''}
            onChange={(text) => {
              setFormatError(null);
              props.onType(text);
            }}
            onRun={props.onRun}
          />
        </Suspense>
      </div>
      <div className={classes.rowSide}>
        <RowStats result={result} isEdited={isEdited} />
        <Tooltip label="Format">
          <ActionIcon
            aria-label={`Format ${letter}`}
            size={24}
            onClick={() => void format()}
            disabled={row.draft.trim() === ''}
          >
            <IconWand size={15} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Duplicate">
          <ActionIcon
            aria-label={`Duplicate ${letter}`}
            size={24}
            onClick={props.onDuplicate}
            disabled={row.draft.trim() === ''}
          >
            <IconCopyPlus size={15} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={props.isOnly ? 'Clear' : 'Remove'}>
          <ActionIcon
            aria-label={`Remove ${letter}`}
            size={24}
            onClick={props.onRemove}
            disabled={props.isOnly && row.draft === ''}
          >
            <IconTrash size={15} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </div>
      {fault !== null && (
        <p className={classes.fault} role="alert">
          {fault.line !== null && (
            <b className="num">
              Line {fault.line}, column {fault.column}:{' '}
            </b>
          )}
          {fault.message}
        </p>
      )}
    </div>
  );
}

function RowStats({ result, isEdited }: { result: Result | undefined; isEdited: boolean }) {
  if (isEdited) return <span className={classes.stats}>Enter runs it</span>;
  if (result?.isFetching === true) return <Loader size={14} />;
  if (result?.answer === undefined) return null;
  const count = countOf(result.answer.data);
  return (
    <span className={`${classes.stats} num`}>
      {count} · {formatSeconds((result.took ?? 0) / 1000)}
    </span>
  );
}

function countOf(data: QueryData): string {
  if (data.resultType === 'scalar' || data.resultType === 'string') return data.resultType;
  return `${formatCount(data.result.length)} series`;
}
