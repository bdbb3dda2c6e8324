// Finds names by pieces of them: `ncpu` finds node_cpu_seconds_total.

/** Higher is better; null when the letters are not all there in order. Case is ignored. */
export function score(needle: string, text: string): number | null {
  const wanted = needle.toLowerCase().replace(/\s+/g, '');
  if (wanted === '') return 0;
  const hay = text.toLowerCase();
  const whole = hay.indexOf(wanted);
  // A whole piece beats scattered letters; early beats late; short beats long.
  if (whole >= 0) return 1000 - whole - hay.length / 100 + (isStart(hay, whole) ? 200 : 0);
  let [total, at] = [0, 0];
  for (const letter of wanted) {
    const found = hay.indexOf(letter, at);
    if (found < 0) return null;
    total += isStart(hay, found) ? 8 : found === at ? 4 : -(found - at) / 10;
    at = found + 1;
  }
  return total - hay.length / 100;
}

function isStart(text: string, at: number): boolean {
  return at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? '');
}

/** The best first; all, in their order, for an empty needle. */
export function search<T>(needle: string, items: readonly T[], textOf: (item: T) => string, limit: number): T[] {
  if (needle.trim() === '') return items.slice(0, limit);
  const hits: { item: T; score: number }[] = [];
  for (const item of items) {
    const value = score(needle, textOf(item));
    if (value !== null) hits.push({ item, score: value });
  }
  return hits
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map((hit) => hit.item);
}
