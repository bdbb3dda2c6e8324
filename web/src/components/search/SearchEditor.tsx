// The field of a search: one line that may wrap, with colours, completion and the place of a fault.
import {
  acceptCompletion,
  autocompletion,
  closeCompletion,
  completionStatus,
  moveCompletionSelection,
  selectedCompletion,
} from '@codemirror/autocomplete';
import { EditorState } from '@codemirror/state';
import type { EditorView } from '@codemirror/view';
import type { EventKind } from '@/api/events';
import { EditorFrame, type EditorProps, type Language } from '@/components/editor/EditorFrame';
import { searchCompletion } from './completion';
import { searchLanguage } from './language';

export function SearchEditor({ kind, ...props }: EditorProps & { kind: EventKind }) {
  return <EditorFrame {...props} name={kind} language={(run) => language(kind, run)} />;
}

function language(kind: EventKind, run: () => boolean): Language {
  const runAtOnce = (view: EditorView): boolean => {
    closeCompletion(view);
    return run();
  };
  return {
    extensions: [
      autocompletion({
        override: [searchCompletion(kind)],
        icons: false,
        maxRenderedOptions: 100,
        // Enter runs the search; Tab or an arrow and Enter take what is offered.
        selectOnOpen: false,
      }),
      searchLanguage,
      // Pasted lines become one.
      EditorState.transactionFilter.of((change) =>
        change.newDoc.lines > 1 && change.docChanged ? [change, join(change.newDoc.toString())] : change,
      ),
    ],
    first: [
      { key: 'Mod-Enter', run: runAtOnce },
      { key: 'Tab', run: take },
    ],
    last: [
      { key: 'Enter', run: runAtOnce },
      { key: 'Escape', run: closeCompletion },
    ],
  };
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
