// Which of the palette's colours a service has: by its name, so that it is the same on every page; another free one
// when two names of a trace want the same. The name always stands beside it.

export function assignColours(services: readonly string[], colours: number): Map<string, number> {
  const out = new Map<string, number>();
  const taken = new Set<number>();
  for (const service of services) {
    if (out.has(service)) continue;
    // More services than colours: they repeat.
    if (taken.size === colours) taken.clear();
    let colour = hash(service) % colours;
    while (taken.has(colour)) colour = (colour + 1) % colours;
    taken.add(colour);
    out.set(service, colour);
  }
  return out;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}
