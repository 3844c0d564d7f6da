import type { EventDeclaration } from '../declared/declaration';
import { outgoingEvent } from '../envelope';
import type { Context, IntegrationEvent } from '../integration-event';

const STREAM: Readonly<Record<Context, string>> = { segments: 'segment', campaigns: 'campaign', audiences: 'audience' };

/** A whole event around the example of a declaration, as the feed carries it. */
export function exampleOf(declaration: EventDeclaration): IntegrationEvent {
  const { context, feed, name, version } = declaration;
  const data = declaration.example as Readonly<Record<string, unknown>>;
  const subject = String(data[context === 'segments' ? 'segmentId' : 'campaignId']);
  const category = context === 'segments' && feed !== 'lifecycle' ? 'segmentMembers' : STREAM[context];
  const stored = {
    stream: `${category}-${subject}`,
    revision: 7,
    id: 'e2c0f7de-2ab4-4f3c-9a6d-5b0a2c1f9d33',
    position: '00000000000000001234-00042',
    metadata: { time: '2026-04-01T09:30:00.000Z', correlationId: '5e9d0c1c-6c8a-4a53-9a3b-9b1f4f1f2c10' },
  };
  return outgoingEvent(stored, { context, feed, name, version, n: 0, subject, data }).event;
}

/** The ordering key of an event with this data. */
export function keyOf({ key }: Pick<EventDeclaration, 'key'>, data: unknown): string {
  return key.map((field) => String((data as Readonly<Record<string, unknown>>)[field])).join(':');
}
