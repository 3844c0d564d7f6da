/**
 * What a real store does now and then:
 * - `applied-then-error`: the append is in the log, its answer is StoreUnavailable;
 * - `refused`: StoreUnavailable, and nothing happened;
 * - `conflict`: WrongExpectedRevision although nothing is wrong, as when another writer was first and was then rolled back;
 * - `slow`: many turns pass, and a subscription gets its events one at a time.
 */
export type Anomaly = 'applied-then-error' | 'refused' | 'conflict' | 'slow';

export type Operation = 'append' | 'read' | 'subscribe';

/** Asked before each operation (for a subscription before each batch). `undefined`: all is well. */
export type Anomalies = (operation: Operation) => Anomaly | undefined;

/** How often each anomaly happens, from 0 (never) to 1; together at most 1. */
export type AnomalyRates = Readonly<Partial<Record<Anomaly, number>>>;

const POSSIBLE: Readonly<Record<Operation, readonly Anomaly[]>> = {
  append: ['applied-then-error', 'refused', 'conflict', 'slow'],
  read: ['refused', 'slow'],
  subscribe: ['slow'],
};

/** The same seed and the same order of operations give the same anomalies. */
export function seededAnomalies(seed: number, rates: AnomalyRates): Anomalies {
  const random = mulberry32(seed);
  return (operation) => {
    let rest = random();
    for (const anomaly of POSSIBLE[operation]) {
      rest -= rates[anomaly] ?? 0;
      if (rest < 0) return anomaly;
    }
    return undefined;
  };
}

/** Tommy Ettinger's mulberry32: 32 bits of state, uniform in [0, 1). Enough to choose anomalies by. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
