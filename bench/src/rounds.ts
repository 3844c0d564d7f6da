export interface Sides {
  readonly value: number;
  readonly floor: number;
  readonly ratio: number;
}

/**
 * Medians of `rounds` measurements of both sides, each the milliseconds (or another amount) that it returns. They take
 * turns, and turns in going first, so that a noisy machine is noisy for both.
 */
export async function interleaved(
  rounds: number,
  ours: (round: number) => Promise<number>,
  floor: (round: number) => Promise<number>,
): Promise<Sides> {
  const [values, floors]: [number[], number[]] = [[], []];
  const sides = [
    async (round: number) => values.push(await ours(round)),
    async (round: number) => floors.push(await floor(round)),
  ];
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side(round);
  }
  return sidesOf(median(values), median(floors));
}

export function sidesOf(value: number, floor: number): Sides {
  return { value, floor, ratio: value / floor };
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
