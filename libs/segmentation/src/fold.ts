/**
 * Simple lower case per code point, as `lower(x COLLATE pg_c_utf8)` of Postgres 18 does it (Unicode 16). JavaScript's
 * own mapping is the full one and may know an older Unicode; these differ.
 */
const differing = new Map<string, string>([
  ['\u0130', 'i'],
  ['\uA7CB', '\u0264'],
  ['\uA7CC', '\uA7CD'],
  ['\uA7DA', '\uA7DB'],
  ['\uA7DC', '\u019B'],
  ...Array.from({ length: 0x16 }, (_, index): [string, string] => [
    String.fromCodePoint(0x10d50 + index),
    String.fromCodePoint(0x10d70 + index),
  ]),
]);

const plainAscii = /^[\0-\x7f]*$/;

/** The simple lower case of one code point. */
export function foldCodePoint(character: string): string {
  return differing.get(character) ?? character.toLowerCase();
}

/** The simple lower case of a text: as many code points as before. */
export function foldText(text: string): string {
  if (plainAscii.test(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) folded += foldCodePoint(character);
  return folded;
}

let pairs: readonly (readonly [upper: number, lower: number])[] | undefined;

/** Every code point that folding changes, with what it becomes. */
export function foldedPairs(): readonly (readonly [upper: number, lower: number])[] {
  if (!pairs) {
    const found: (readonly [number, number])[] = [];
    // Letters with case end in plane 1, well below 1F000.
    for (let upper = 0; upper < 0x1f000; upper++) {
      if (upper >= 0xd800 && upper < 0xe000) continue;
      const lower = foldCodePoint(String.fromCodePoint(upper)).codePointAt(0) ?? upper;
      if (lower !== upper) found.push([upper, lower]);
    }
    pairs = found;
  }
  return pairs;
}
