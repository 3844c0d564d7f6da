import type { StratumCount } from '@muster/audiences-events';
import type { Tallies } from './audience';

export function noTallies(strata: number): Tallies {
  return { n: new Array<number>(strata).fill(0), c: new Array<number>(strata).fill(0) };
}

export function copyOf(tallies: Tallies): Tallies {
  return { n: [...tallies.n], c: [...tallies.c] };
}

export function addTo(tallies: Tallies, counts: readonly StratumCount[]): void {
  for (const { code, n, c } of counts) {
    tallies.n[code] = (tallies.n[code] ?? 0) + n;
    tallies.c[code] = (tallies.c[code] ?? 0) + c;
  }
}

/** Replaces the counts of these strata. */
export function setIn(tallies: Tallies, counts: readonly StratumCount[]): void {
  for (const { code, n, c } of counts) {
    tallies.n[code] = n;
    tallies.c[code] = c;
  }
}

/** Strata that somebody was assigned in, by code. */
export function countsOf(tallies: Tallies): StratumCount[] {
  const counts: StratumCount[] = [];
  tallies.n.forEach((n, code) => {
    if (n > 0) counts.push({ code, n, c: tallies.c[code] ?? 0 });
  });
  return counts;
}

export function totalControl(tallies: Tallies): number {
  return tallies.c.reduce((sum, c) => sum + c, 0);
}
