// Underlines what the server named as the fault, until the text changes.
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, EditorView, type DecorationSet } from '@codemirror/view';

/** A place in the text, or nothing. */
export const setServerError = StateEffect.define<{ from: number; to: number } | null>();

const mark = Decoration.mark({ class: 'cm-server-error' });

export const serverError: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    for (const effect of transaction.effects) {
      if (!effect.is(setServerError)) continue;
      const length = transaction.newDoc.length;
      if (effect.value === null || length === 0) return Decoration.none;
      const to = Math.min(Math.max(effect.value.to, effect.value.from + 1), length);
      const from = Math.min(effect.value.from, to - 1);
      return Decoration.set([mark.range(from, to)]);
    }
    return transaction.docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});
