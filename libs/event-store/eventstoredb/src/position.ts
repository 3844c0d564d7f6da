import { START, type Position } from '@muster/event-store';

/** Where the server has an event: offsets in its transaction log, so they grow and have gaps. */
export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

const DIGITS = 20;
const FORM = /^(\d{20})\.(\d{20})$/;

/** Both offsets at full width: strings that compare as the offsets do. */
export function toPosition({ commit, prepare }: LogPosition): Position {
  return `${fixed(commit)}.${fixed(prepare)}` as Position;
}

/** `'start'`, as the client has it, before the first event. */
export function fromPosition(position: Position): LogPosition | 'start' {
  if (position === START) return 'start';
  const [, commit, prepare] = FORM.exec(position) ?? [];
  if (commit === undefined || prepare === undefined) {
    throw new RangeError(`not a position of this store: ${position}`);
  }
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
}

/** The first byte of the log that does not belong to what is before the position. */
export function offsetOf(position: Position): bigint {
  const at = fromPosition(position);
  return at === 'start' ? 0n : at.commit;
}

function fixed(offset: bigint): string {
  return offset.toString().padStart(DIGITS, '0');
}
