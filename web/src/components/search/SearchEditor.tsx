// The field of a search: one line that may wrap, with colours, completion and the place of a fault.
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  acceptCompletion,
  closeCompletion,
  completionKeymap,
  completionStatus,
  moveCompletionSelection,
  selectedCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder, tooltips } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { EventKind } from '@/api/events';
import { serverError, setServerError } from '@/components/editor/serverError';
import { codeTheme } from '@/components/editor/theme';
import { searchCompletion } from './completion';
import { searchLanguage } from './language';

interface Props {
  kind: EventKind;
  value: string;
  label: string;
  placeholder: string;
  fault: { from: number; to: number } | null;
  autoFocus: boolean;
  onChange: (text: string) => void;
  onRun: () => void;
}

export function SearchEditor(props: Props) {
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
  }, [props.kind]);

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

  return <div ref={host} />;
}

function begin(latest: { current: Props }): EditorState {
  const run = (view: EditorView): boolean => {
    closeCompletion(view);
    latest.current.onRun();
    return true;
  };
  return EditorState.create({
    doc: latest.current.value,
    extensions: [
      history(),
      bracketMatching(),
      closeBrackets(),
      autocompletion({
        override: [searchCompletion(latest.current.kind)],
        icons: false,
        maxRenderedOptions: 100,
        // Enter runs the search; Tab or an arrow and Enter take what is offered.
        selectOnOpen: false,
      }),
      EditorView.lineWrapping,
      searchLanguage,
      serverError,
      tooltips({ parent: document.body }),
      placeholder(latest.current.placeholder),
      EditorView.contentAttributes.of({ 'aria-label': latest.current.label }),
      Prec.highest(
        keymap.of([
          { key: 'Mod-Enter', run },
          { key: 'Tab', run: take },
        ]),
      ),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap]),
      Prec.low(keymap.of([{ key: 'Enter', run }, { key: 'Escape', run: leave }, ...defaultKeymap])),
      // Pasted lines become one.
      EditorState.transactionFilter.of((change) =>
        change.newDoc.lines > 1 && change.docChanged ? [change, join(change.newDoc.toString())] : change,
      ),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) latest.current.onChange(update.state.doc.toString());
      }),
      codeTheme,
    ],
  });
}

function join(text: string): { changes: { from: number; to: number; insert: string }; sequential: true } {
  return { changes: { from: 0, to: text.length, insert: text.replace(/\s*\n\s*/g, ' ') }, sequential: true };
}

/** What is chosen in the list, or its first; without a list Tab leaves the field as everywhere. */
function take(view: EditorView): boolean {
  if (completionStatus(view.state) !== 'active') return false;
  if (selectedCompletion(view.state) === null) moveCompletionSelection(true)(view);
  return acceptCompletion(view);
}

/** First the list, then the field: the keys go back to the page. */
function leave(view: EditorView): boolean {
  if (completionStatus(view.state) !== null) return closeCompletion(view);
  view.contentDOM.blur();
  return true;
}
