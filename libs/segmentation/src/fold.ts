import { foldTable } from './fold-table';

/** Every code point that folding changes, with what it becomes. */
export const foldedPairs: readonly (readonly [capital: number, small: number])[] = foldTable
  .trim()
  .split(/\s+/)
  .flatMap(readRun);

function readRun(run: string): (readonly [number, number])[] {
  const [, first = '', last = first, every = '', sign, distance = ''] =
    /^([0-9a-f]+)(?:-([0-9a-f]+)(\/2)?)?([+-])([0-9a-f]+)$/.exec(run) ?? [];
  const step = every === '' ? 1 : 2;
  const delta = parseInt(distance, 16) * (sign === '-' ? -1 : 1);
  const count = (parseInt(last, 16) - parseInt(first, 16)) / step + 1;
  return Array.from({ length: count }, (_, index) => {
    const capital = parseInt(first, 16) + index * step;
    return [capital, capital + delta] as const;
  });
}

const smallLetters = new Map(
  foldedPairs.map(([capital, small]) => [String.fromCodePoint(capital), String.fromCodePoint(small)]),
);
const plainAscii = /^[\0-\x7f]*$/;

/**
 * The simple lower case of a text, code point by code point (İ is i, a final Σ is σ): what
 * `lower(x COLLATE pg_c_utf8)` of Postgres 18 gives.
 */
export function foldText(text: string): string {
  if (plainAscii.test(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) folded += smallLetters.get(character) ?? character;
  return folded;
}
