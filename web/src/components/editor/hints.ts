// What stands under the pointer: a function's meaning, a metric's type and help.
import { syntaxTree } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { hoverTooltip, type Tooltip } from '@codemirror/view';
import type { WireMetadata } from '@/api/metadata';
import { DOCS } from '@/model/promqlDocs';

interface Hint {
  title: string;
  text: string;
  meta?: string;
}

export type FindMetadata = () => Promise<Record<string, WireMetadata[]>>;

export function hints(findMetadata: FindMetadata): Extension {
  return hoverTooltip(async (view, at, side): Promise<Tooltip | null> => {
    const node = syntaxTree(view.state).resolveInner(at, side);
    const text = view.state.sliceDoc(node.from, node.to);
    const hint = node.name === 'Identifier' ? await aboutMetric(text, findMetadata) : aboutFunction(text);
    if (hint === null) return null;
    return { pos: node.from, end: node.to, above: true, create: () => ({ dom: draw(hint) }) };
  });
}

function aboutFunction(name: string): Hint | null {
  const doc = DOCS.get(name.toLowerCase());
  return doc === undefined ? null : { title: doc.signature, text: doc.text };
}

/** Parts of histograms and summaries have no metadata of their own: that of the whole is meant. */
const PARTS = /_(bucket|count|sum|total|created)$/;

async function aboutMetric(name: string, findMetadata: FindMetadata): Promise<Hint | null> {
  const all = await findMetadata().catch(() => ({}) as Record<string, WireMetadata[]>);
  const found = (all[name] ?? all[name.replace(PARTS, '')])?.[0];
  if (found === undefined) return null;
  const meta = [found.type, found.unit].filter((part) => part !== '').join(' · ');
  return { title: name, text: found.help, meta };
}

function draw(hint: Hint): HTMLElement {
  const box = document.createElement('div');
  box.className = 'cm-hint';
  for (const [part, text] of Object.entries({ title: hint.title, text: hint.text, meta: hint.meta ?? '' })) {
    if (text === '') continue;
    const line = document.createElement('div');
    line.className = `cm-hint-${part}`;
    line.textContent = text;
    box.append(line);
  }
  return box;
}
