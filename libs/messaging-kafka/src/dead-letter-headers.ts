/** On a dead letter: who could not read it, why, and where it lay. */
export const ORIGIN = {
  consumer: 'muster-consumer',
  reason: 'muster-reason',
  topic: 'muster-origin-topic',
  partition: 'muster-origin-partition',
  offset: 'muster-origin-offset',
  timestamp: 'muster-origin-timestamp',
} as const;

/** On a message that was published again: every other consumer of ours passes it by. */
export const ONLY_FOR = 'muster-only-for';

/** On a record in the dead-letter topic that is no letter: it says what became of the one that it names. */
export const OUTCOME = 'muster-outcome';
export const OUTCOME_OF = 'muster-outcome-of';

type Headers = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;

/** The header as text; undefined where there is none. */
export function headerOf(headers: Headers | undefined, name: string): string | undefined {
  const value = headers?.[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first?.toString();
}

/** Those that the message came with. */
export function withoutOurs(headers: Headers | undefined): Record<string, Buffer | string | (Buffer | string)[]> {
  const ours = new Set<string>([...Object.values(ORIGIN), ONLY_FOR, OUTCOME, OUTCOME_OF]);
  const kept: Record<string, Buffer | string | (Buffer | string)[]> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== undefined && !ours.has(name)) kept[name] = value;
  }
  return kept;
}
