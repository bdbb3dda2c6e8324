// Which of the palette's colours a service has. Its name alone leads to a colour; where that is one of those most used
// already, to the next that is not. A colour that was given stays: whatever page is open and whatever is filtered.

/** Of `colours`, the one for a name, when each has been given to so many names. */
export function colourFor(name: string, used: readonly number[]): number {
  const first = hash(name) % used.length;
  const least = Math.min(...used);
  for (let step = 0; step < used.length; step++) {
    const colour = (first + step) % used.length;
    if (used[colour] === least) return colour;
  }
  return first;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}

/** Gives colours, and gives a name the same one each time. */
export class Colours {
  readonly #given: Map<string, number>;
  readonly #used: number[];
  readonly #namesMax: number;

  /** `given` is what was given before; names beyond `namesMax` have the colour of their hash and are not kept. */
  constructor(colours: number, namesMax: number, given: readonly (readonly [string, number])[] = []) {
    this.#used = new Array<number>(colours).fill(0);
    this.#namesMax = namesMax;
    this.#given = new Map(given.filter(([, colour]) => Number.isInteger(colour) && colour >= 0 && colour < colours));
    for (const colour of this.#given.values()) this.#count(colour);
  }

  /** The colour, and whether it is given for the first time. */
  of(name: string): { colour: number; isNew: boolean } {
    const known = this.#given.get(name);
    if (known !== undefined) return { colour: known, isNew: false };
    if (this.#given.size >= this.#namesMax) return { colour: hash(name) % this.#used.length, isNew: false };
    const colour = colourFor(name, this.#used);
    this.#given.set(name, colour);
    this.#count(colour);
    return { colour, isNew: true };
  }

  entries(): [string, number][] {
    return [...this.#given];
  }

  #count(colour: number): void {
    this.#used[colour] = (this.#used[colour] ?? 0) + 1;
  }
}
