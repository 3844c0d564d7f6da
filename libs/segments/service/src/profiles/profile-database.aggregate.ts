import type { Aggregate } from '@muster/aggregates';
import { profileDatabase, type ProfileDatabaseCommand, type ProfileDatabaseState } from '@muster/segments-domain';
import { profileDatabaseEvents, type ProfileDatabaseEvent } from '@muster/segments-events';

/** A profile database and its stream. Every batch of an import adds an event, so long streams start at a snapshot. */
export const profileDatabaseAggregate: Aggregate<ProfileDatabaseState, ProfileDatabaseCommand, ProfileDatabaseEvent> = {
  events: profileDatabaseEvents,
  decider: profileDatabase,
  snapshot: {
    version: 1,
    encode: (state) => Buffer.from(JSON.stringify(state, collectionToJson)),
    decode: (bytes) => JSON.parse(Buffer.from(bytes).toString(), collectionFromJson) as ProfileDatabaseState,
  },
};

interface Packed {
  readonly $: 'map' | 'set';
  readonly items: unknown[];
}

function collectionToJson(_key: string, value: unknown): unknown {
  if (value instanceof Map) return { $: 'map', items: [...value] } satisfies Packed;
  if (value instanceof Set) return { $: 'set', items: [...value] } satisfies Packed;
  return value;
}

function collectionFromJson(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$' in value)) return value;
  const { $, items } = value as Packed;
  return $ === 'map' ? new Map(items as [unknown, unknown][]) : new Set(items);
}
