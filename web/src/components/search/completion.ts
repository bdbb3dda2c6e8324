// What can follow the cursor, asked of the server, which knows the fields and their values.
import {
  startCompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete';
import { completeSearch, type EventKind, type WireOption } from '@/api/events';
import { bytesBefore, placeOfBytes } from './bytes';

/** Typing pauses shorter than this are not asked about. */
const PAUSE_MS = 80;

export function searchCompletion(kind: EventKind) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.doc.toString();
    const control = new AbortController();
    context.addEventListener('abort', () => control.abort());
    if (!context.explicit) await new Promise((done) => setTimeout(done, PAUSE_MS));
    if (context.aborted) return null;
    try {
      const answer = await completeSearch(kind, text, bytesBefore(text, context.pos), control.signal);
      if (answer.options.length === 0) return null;
      return {
        from: placeOfBytes(text, answer.from),
        to: placeOfBytes(text, answer.to),
        options: answer.options.map(toCompletion),
        // The server has chosen by what is typed.
        filter: false,
      };
    } catch {
      // Without completion the box is still a box.
      return null;
    }
  };
}

const TYPES: Record<WireOption['kind'], string> = { field: 'property', value: 'constant', operator: 'keyword' };

function toCompletion(option: WireOption): Completion {
  const completion: Completion = { label: option.label, type: TYPES[option.kind] };
  if (option.detail !== undefined) completion.detail = option.detail;
  if (option.kind !== 'field' || /[:=<>]$/.test(option.label)) return completion;
  // A field wants a value: its colon is written, and the values are offered at once.
  completion.apply = (view, _, from, to) => {
    const hasColon = /^[:=<>!]/.test(view.state.sliceDoc(to, to + 1));
    const insert = hasColon ? option.label : `${option.label}:`;
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length } });
    if (!hasColon) setTimeout(() => startCompletion(view));
  };
  return completion;
}
