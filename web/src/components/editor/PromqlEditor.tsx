// One query's editor: completion, hints, faults. The parent owns the text.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
  selectedCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder, tooltips } from '@codemirror/view';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { useEffect, useRef } from 'react';
import { CompletionClient } from '@/api/promqlClient';
import { hints } from './hints';
import { serverError, setServerError } from './serverError';
import { codeTheme } from './theme';

interface Props {
  value: string;
  label: string;
  placeholder: string;
  fault: { from: number; to: number } | null;
  autoFocus: boolean;
  onChange: (text: string) => void;
  onRun: () => void;
}

/** Help texts of more metrics than this would make every list slow to open. */
const COMPLETED_METADATA_MAX = 20_000;

const client = new CompletionClient();
const promql = new PromQLExtension().setComplete({ remote: client, maxMetricsMetadata: COMPLETED_METADATA_MAX });

export function PromqlEditor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  useEffect(() => {
    if (host.current === null) return undefined;
    const editor = new EditorView({ parent: host.current, state: begin(latest) });
    view.current = editor;
    if (latest.current.autoFocus) editor.focus();
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === props.value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.value } });
  }, [props.value]);

  const { from, to } = props.fault ?? {};
  useEffect(() => {
    const effect = setServerError.of(from === undefined || to === undefined ? null : { from, to });
    view.current?.dispatch({ effects: effect });
  }, [from, to]);

  return <div ref={host} data-testid={`editor-${props.label}`} />;
}

function begin(latest: { current: Props }): EditorState {
  const run = (): boolean => {
    latest.current.onRun();
    return true;
  };
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
  return EditorState.create({
    doc: latest.current.value,
    extensions: [
      history(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      autocompletion({ icons: false, maxRenderedOptions: 100 }),
      EditorView.lineWrapping,
      promql.asExtension(),
      hints(() => client.metricMetadata()),
      serverError,
      tooltips({ parent: document.body }),
      placeholder(latest.current.placeholder),
      EditorView.contentAttributes.of({ 'aria-label': `Query ${latest.current.label}`, 'aria-multiline': 'true' }),
      Prec.highest(
        keymap.of([
          { key: 'Enter', run: enter },
          { key: 'Mod-Enter', run },
        ]),
      ),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...lintKeymap]),
      // After the completion list, which takes Enter while it is open; before the default, which breaks the line.
      Prec.low(
        keymap.of([
          { key: 'Enter', run: (view) => swallow(view) || run() },
          { key: 'Shift-Enter', run: insertNewlineAndIndent },
          { key: 'Escape', run: blur },
          ...defaultKeymap,
        ]),
      ),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) latest.current.onChange(update.state.doc.toString());
      }),
      codeTheme,
    ],
  });
}

/** Whether the text before the cursor ends with this whole word. */
function endsWithWord(view: EditorView, word: string): boolean {
  const { head } = view.state.selection.main;
  const before = view.state.sliceDoc(Math.max(0, head - word.length - 1), head);
  return before.endsWith(word) && !/[\w:]/.test(before.slice(0, -word.length));
}

/** Leaves the keys to the page. */
function blur(view: EditorView): boolean {
  view.contentDOM.blur();
  return true;
}
