// One PromQL query's editor: completion, hints, lines that may break.
import { autocompletion, closeCompletion, completionStatus, selectedCompletion } from '@codemirror/autocomplete';
import { insertNewlineAndIndent } from '@codemirror/commands';
import { indentOnInput } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorView, keymap } from '@codemirror/view';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { CompletionClient } from '@/api/promqlClient';
import { EditorFrame, type EditorProps, type Language } from './EditorFrame';
import { hints } from './hints';

/** Help texts of more metrics than this would make every list slow to open. */
const COMPLETED_METADATA_MAX = 20_000;

const client = new CompletionClient();
const promql = new PromQLExtension().setComplete({ remote: client, maxMetricsMetadata: COMPLETED_METADATA_MAX });

export function PromqlEditor(props: EditorProps) {
  return <EditorFrame {...props} label={`Query ${props.label}`} name={props.label} language={language} />;
}

function language(run: () => boolean): Language {
  const enter = (view: EditorView): boolean => {
    if (completionStatus(view.state) !== 'active') return false;
    const offered = selectedCompletion(view.state)?.label;
    // What is offered stands there already: Enter means run. Right after the list opened it takes no key yet; then
    // Enter was meant for it and must not run half a query.
    if (offered === undefined || !endsWithWord(view, offered)) return false;
    closeCompletion(view);
    return run();
  };
  const swallow = (view: EditorView): boolean => completionStatus(view.state) === 'active';
  return {
    extensions: [
      indentOnInput(),
      autocompletion({ icons: false, maxRenderedOptions: 100 }),
      promql.asExtension(),
      hints(() => client.metricMetadata()),
      EditorView.contentAttributes.of({ 'aria-multiline': 'true' }),
      keymap.of(lintKeymap),
    ],
    first: [{ key: 'Enter', run: enter }],
    last: [
      { key: 'Enter', run: swallow },
      { key: 'Shift-Enter', run: insertNewlineAndIndent },
    ],
  };
}

/** Whether the text before the cursor ends with this whole word. */
function endsWithWord(view: EditorView, word: string): boolean {
  const { head } = view.state.selection.main;
  const before = view.state.sliceDoc(Math.max(0, head - word.length - 1), head);
  return before.endsWith(word) && !/[\w:]/.test(before.slice(0, -word.length));
}
