// Finds names by pieces of them: `ncpu` and `cpu sec` find node_cpu_seconds_total.

/** Higher is better; null when a word of the needle is not there. Case is ignored. */
export function score(needle: string, text: string): number | null {
  const hay = text.toLowerCase();
  let total = -hay.length / 100;
  for (const word of needle.toLowerCase().split(/\s+/)) {
    if (word === '') continue;
    const one = scoreWord(word, hay);
    if (one === null) return null;
    total += one;
  }
  return total;
}

function scoreWord(word: string, hay: string): number | null {
  const at = hay.indexOf(word);
  // A whole piece beats initials; early beats late; the start of a word beats its middle.
  if (at >= 0) return 100 - Math.min(at, 50) / 2 + (isStart(hay, at) ? 40 : 0);
  return startsMatch(word, hay) ? 20 : null;
}

/** Letters that each begin a part of the name or follow the one before: n·cpu in node_cpu. */
function startsMatch(word: string, hay: string): boolean {
  const step = (done: number, from: number): boolean => {
    if (done === word.length) return true;
    for (let at = hay.indexOf(word[done] ?? '', from); at >= 0; at = hay.indexOf(word[done] ?? '', at + 1)) {
      const follows = done > 0 && at === from;
      if ((follows || isStart(hay, at)) && step(done + 1, at + 1)) return true;
    }
    return false;
  };
  return word.length > 1 && step(0, 0);
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
