// What every editor of a query shares: the parent owns the text, the server's fault is underlined, Enter runs. A
// language brings its colours, its completion and what Enter means while a list is open.
import { closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { EditorState, Prec, type Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder, tooltips, type KeyBinding } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { serverError, setServerError } from './serverError';
import { codeTheme } from './theme';

export interface EditorProps {
  value: string;
  label: string;
  placeholder: string;
  fault: { from: number; to: number } | null;
  autoFocus: boolean;
  onChange: (text: string) => void;
  onRun: () => void;
}

export interface Language {
  extensions: Extension;
  /** Before the completion list, which takes Enter while it is open. */
  first: readonly KeyBinding[];
  /** After the list, before what the keys do everywhere. */
  last: readonly KeyBinding[];
}

interface Props extends EditorProps {
  /** How the editor is told from others. */
  name: string;
  /** Asked once for each `name`; `run` runs the query. */
  language: (run: () => boolean) => Language;
}

export function EditorFrame(props: Props) {
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
  }, [props.name]);

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

  return <div ref={host} data-testid={`editor-${props.name}`} />;
}

function begin(latest: { current: Props }): EditorState {
  const run = (): boolean => {
    latest.current.onRun();
    return true;
  };
  const { extensions, first, last } = latest.current.language(run);
  return EditorState.create({
    doc: latest.current.value,
    extensions: [
      history(),
      bracketMatching(),
      closeBrackets(),
      EditorView.lineWrapping,
      extensions,
      serverError,
      tooltips({ parent: document.body }),
      placeholder(latest.current.placeholder),
      EditorView.contentAttributes.of({ 'aria-label': latest.current.label }),
      Prec.highest(keymap.of([...first, { key: 'Mod-Enter', run }])),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap]),
      Prec.low(keymap.of([...last, { key: 'Enter', run }, { key: 'Escape', run: blur }, ...defaultKeymap])),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) latest.current.onChange(update.state.doc.toString());
      }),
      codeTheme,
    ],
  });
}

/** Leaves the keys to the page. */
function blur(view: EditorView): boolean {
  view.contentDOM.blur();
  return true;
}
