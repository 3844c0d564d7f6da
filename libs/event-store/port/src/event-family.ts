import type { DomainEvent } from '@muster/kernel';
import type { StoredEvent } from './events';

/** Turns the data of version n into that of version n + 1. */
export type Upcaster = (data: never) => unknown;

export interface EventTypeDefinition {
  /** The version that is written now, from 1. */
  readonly version: number;
  /** `upcasters[0]` turns version 1 into 2, and so on: exactly `version - 1` of them. */
  readonly upcasters?: readonly Upcaster[];
  /** One stored example per version, oldest first; the tests read each through the upcasters. */
  readonly examples: readonly unknown[];
}

/** What one context stores in one category of streams: every type, its version, its upcasters. */
export interface EventFamily<E extends DomainEvent> {
  readonly category: string;
  readonly types: readonly E['type'][];
  versionOf(type: string): number;
  /** `stream('42')` is the name of the stream with this id. */
  stream(id: string): string;
  /** The stored event as the domain sees it today. Throws {@link UnknownEvent} for an unknown type or a newer version. */
  read(stored: StoredEvent): E;
  readonly definitions: Readonly<Record<string, EventTypeDefinition>>;
}

/** A type or version that this reader does not know: it must stop and be deployed anew, never skip. */
export class UnknownEvent extends Error {
  override readonly name = 'UnknownEvent';
  constructor(
    readonly type: string,
    readonly version: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Marked events that change nothing: a follow-up or keyed command without effect appends one, so that a repeat is known.
 * Every family may hold it; `read` is never asked for it.
 */
export const NOTED = 'Noted';

export function defineEvents<E extends DomainEvent>(
  category: string,
  definitions: Readonly<Record<E['type'], EventTypeDefinition>>,
): EventFamily<E> {
  const table = new Map(Object.entries<EventTypeDefinition>(definitions));
  const definitionOf = (type: string): EventTypeDefinition => {
    const definition = table.get(type);
    if (!definition) throw new UnknownEvent(type, 0, `${category} streams hold no event of type ${type}`);
    return definition;
  };
  for (const [type, { version, upcasters = [] }] of table) {
    if (upcasters.length !== version - 1) {
      throw new Error(`${type} is at version ${String(version)} and needs ${String(version - 1)} upcasters`);
    }
  }
  return {
    category,
    types: [...table.keys()],
    definitions,
    versionOf: (type) => definitionOf(type).version,
    stream: (id) => `${category}-${id}`,
    read(stored) {
      const { version, upcasters = [] } = definitionOf(stored.type);
      if (stored.metadata.v > version) {
        throw new UnknownEvent(
          stored.type,
          stored.metadata.v,
          `${stored.type} version ${String(stored.metadata.v)} is newer than this reader, which knows ${String(version)}`,
        );
      }
      let data: unknown = stored.data;
      for (const upcast of upcasters.slice(stored.metadata.v - 1)) data = upcast(data as never);
      return { type: stored.type, data } as E;
    },
  };
}
