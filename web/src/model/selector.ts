// Which metrics a query selects.
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** The name a vector selector asks for, however it is written; empty when it asks for none. */
export function selectedName(node: SyntaxNode, text: string): string {
  const name = node.getChild('Identifier');
  if (name !== null) return text.slice(name.from, name.to);
  const source = text.slice(node.from, node.to);
  return /__name__\s*=\s*"([^"]+)"/.exec(source)?.[1] ?? /[{,]\s*"([^"]+)"\s*[,}]/.exec(source)?.[1] ?? '';
}

/** Each once, in order. */
export function metricsOf(query: string): string[] {
  const found = new Set<string>();
  parser
    .parse(query)
    .topNode.cursor()
    .iterate((ref) => {
      if (ref.name === 'VectorSelector') found.add(selectedName(ref.node, query));
    });
  found.delete('');
  return [...found];
}
