/** What must be added to and removed from one set to get another; both ascending. */
export interface SortedDifference {
  readonly added: Uint32Array;
  readonly removed: Uint32Array;
}

/** Merges two ascending arrays of distinct numbers: which are only in `after` (added) and only in `before` (removed). */
export function diffSorted(before: Uint32Array, after: Uint32Array): SortedDifference {
  const added = new Uint32Array(after.length);
  const removed = new Uint32Array(before.length);
  let addedCount = 0;
  let removedCount = 0;
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    const x = before[i]!;
    const y = after[j]!;
    if (x === y) {
      i++;
      j++;
    } else if (x < y) {
      removed[removedCount++] = x;
      i++;
    } else {
      added[addedCount++] = y;
      j++;
    }
  }
  while (i < before.length) removed[removedCount++] = before[i++]!;
  while (j < after.length) added[addedCount++] = after[j++]!;
  // copied to size: a view would keep the whole array alive
  return {
    added: added.slice(0, addedCount),
    removed: removed.slice(0, removedCount),
  };
}
