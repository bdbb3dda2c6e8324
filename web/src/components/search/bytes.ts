// The server counts bytes of UTF-8, the editor units of UTF-16.

export function bytesBefore(text: string, at: number): number {
  return new TextEncoder().encode(text.slice(0, at)).length;
}

/** The place of a count of bytes; within a character, its beginning. */
export function placeOfBytes(text: string, bytes: number): number {
  let [at, count] = [0, 0];
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    count += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (count > bytes) return at;
    at += char.length;
  }
  return at;
}
