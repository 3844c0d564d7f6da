import { START, type Position } from '@muster/event-store';

const DIGITS = 19;

/** Positions have no gaps: the n-th event of the log stands at n, counted from 1. */
export function toPosition(number: number): Position {
  return number === 0 ? START : (String(number).padStart(DIGITS, '0') as Position);
}

export function fromPosition(position: Position): number {
  if (position === START) return 0;
  if (!/^\d{19}$/.test(position)) throw new RangeError(`not a position of this store: ${position}`);
  return Number(position);
}
