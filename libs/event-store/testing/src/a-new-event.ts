import { randomUUID } from 'node:crypto';
import type { EventMetadata, EventToAppend } from '@muster/event-store';

/** An event to append, of no meaning: name what the test is about and leave the rest. */
export function aNewEvent(given: Partial<EventToAppend> = {}): EventToAppend {
  return { id: randomUUID(), type: 'SomethingHappened', data: { value: 1 }, metadata: someMetadata(), ...given };
}

/** `count` events whose data tells them apart: `{ value: 0 }`, `{ value: 1 }` ... */
export function newEvents(count: number, given: Partial<EventToAppend> = {}): EventToAppend[] {
  return Array.from({ length: count }, (_, value) => aNewEvent({ data: { value }, ...given }));
}

/** Metadata of no meaning, valid throughout. */
export function someMetadata(given: Partial<EventMetadata> = {}): EventMetadata {
  return {
    v: 1,
    time: '2026-01-15T08:30:00.000Z',
    actor: { kind: 'system', id: 'system', name: 'System' },
    correlationId: 'a-correlation',
    ...given,
  };
}
