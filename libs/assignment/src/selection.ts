import { ranksOf, type RankKey } from './permutation';

/** Profiles with their strata: `codes[i]` is the stratum of `members[i]`. */
export interface StratifiedMembers {
  /** Distinct profile numbers (0 .. 2^32 - 1); ascending is fastest, any order gives the same result. */
  readonly members: Uint32Array;
  readonly codes: Uint16Array;
}

/** How many members each stratum has. */
export function sizesOf(codes: Uint16Array, strata: number): Uint32Array {
  const sizes = new Uint32Array(strata);
  for (let i = 0; i < codes.length; i++) {
    if (codes[i]! >= strata) throw new RangeError(`stratum ${codes[i]} of ${strata}`);
    sizes[codes[i]!]!++;
  }
  return sizes;
}

/** The same members in ascending order. @throws {RangeError} if one stands there twice, or a code is missing. */
export function ascending({ members, codes }: StratifiedMembers): StratifiedMembers {
  if (members.length !== codes.length) throw new RangeError(`${members.length} members, ${codes.length} codes`);
  let isAscending = true;
  for (let i = 1; i < members.length && isAscending; i++) isAscending = members[i]! > members[i - 1]!;
  if (isAscending) return { members, codes };
  const order = Uint32Array.from(members, (_, i) => i).sort((a, b) => members[a]! - members[b]!);
  const sorted = Uint32Array.from(order, (i) => members[i]!);
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] === sorted[i - 1]) throw new RangeError('a profile stands twice among the members');
  }
  return { members: sorted, codes: Uint16Array.from(order, (i) => codes[i]!) };
}

/**
 * Of each stratum the `quotas[code]` members of smallest rank, ascending by number.
 *
 * A histogram over the leading bits of the ranks finds, per stratum, the one cell in which the quota ends; only the few
 * members in that cell are sorted.
 */
export function smallestPerStratum(
  key: RankKey,
  { members, codes }: StratifiedMembers,
  quotas: ArrayLike<number>,
): Uint32Array {
  const ranks = ranksOf(key, members);
  const bits = cellBits(members.length, quotas.length);
  const shift = 32 - bits;
  const cells = new Uint32Array(quotas.length << bits);
  for (let i = 0; i < members.length; i++) cells[(codes[i]! << bits) + (ranks[i]! >>> shift)]!++;
  const { lastCell, openInCell } = lastCells(cells, bits, quotas);
  const isChosen = new Uint8Array(members.length);
  let count = 0;
  const contested: number[] = [];
  for (let i = 0; i < members.length; i++) {
    const distance = (ranks[i]! >>> shift) - lastCell[codes[i]!]!;
    if (distance < 0) isChosen[i] = 1;
    else if (distance === 0) contested.push(i);
  }
  contested.sort((a, b) => ranks[a]! - ranks[b]!);
  for (const i of contested) if (openInCell[codes[i]!]!-- > 0) isChosen[i] = 1;
  const chosen = new Uint32Array(members.length);
  for (let i = 0; i < members.length; i++) if (isChosen[i] === 1) chosen[count++] = members[i]!;
  return chosen.slice(0, count);
}

/** The `count` numbers of smallest rank, ascending: a segment's limit, with a key of its own. */
export function smallest(key: RankKey, numbers: Uint32Array, count: number): Uint32Array {
  const everyone = ascending({ members: numbers, codes: new Uint16Array(numbers.length) });
  return smallestPerStratum(key, everyone, [Math.min(count, numbers.length)]);
}

/** About one cell per member, between 2 and 65,536 a stratum. */
function cellBits(members: number, strata: number): number {
  return Math.min(16, Math.max(1, 32 - Math.clz32(Math.floor(members / Math.max(strata, 1)))));
}

/** Per stratum the cell in which its quota ends (one past the last if nothing is open) and how many it may take there. */
function lastCells(cells: Uint32Array, bits: number, quotas: ArrayLike<number>) {
  const perStratum = 1 << bits;
  const lastCell = new Int32Array(quotas.length);
  const openInCell = new Int32Array(quotas.length);
  for (let code = 0; code < quotas.length; code++) {
    let open = quotas[code]!;
    let cell = 0;
    while (cell < perStratum && open >= cells[code * perStratum + cell]!) open -= cells[code * perStratum + cell++]!;
    lastCell[code] = cell;
    openInCell[code] = open;
  }
  return { lastCell, openInCell };
}
