import type { EventDeclaration } from '../declared/declaration';
import type { SnapshotDeclaration, SnapshotDocument } from '../declared/snapshot-declaration';
import { outgoingEvent } from '../envelope';
import type { Context, IntegrationEvent } from '../integration-event';

const STREAM: Readonly<Record<Context, string>> = { segments: 'segment', campaigns: 'campaign', audiences: 'audience' };

const POSITION = '00000000000000001234-00042';
const TIME = '2026-04-01T09:30:00.000Z';

/** A whole event around the example of a declaration as the feed carries it, or document as the snapshot does. */
export function exampleOf(declaration: EventDeclaration): IntegrationEvent;
export function exampleOf(declaration: SnapshotDeclaration): SnapshotDocument;
export function exampleOf(declaration: EventDeclaration | SnapshotDeclaration): IntegrationEvent | SnapshotDocument {
  return 'feed' in declaration ? exampleOfEvent(declaration) : exampleOfSnapshot(declaration);
}

function exampleOfEvent({ context, feed, name, version, example: data }: EventDeclaration): IntegrationEvent {
  const subject = subjectOf(context, data);
  const category = context === 'segments' && feed !== 'lifecycle' ? 'segmentMembers' : STREAM[context];
  const stored = {
    stream: `${category}-${subject}`,
    revision: 7,
    id: 'e2c0f7de-2ab4-4f3c-9a6d-5b0a2c1f9d33',
    position: POSITION,
    metadata: { time: TIME, correlationId: '5e9d0c1c-6c8a-4a53-9a3b-9b1f4f1f2c10' },
  };
  return outgoingEvent(stored, { context, feed, name, version, n: 0, subject, data }).event;
}

function exampleOfSnapshot({ type, context, example: data }: SnapshotDeclaration): SnapshotDocument {
  const subject = subjectOf(context, data);
  return {
    specversion: '1.0',
    id: `snapshot/${POSITION}/${STREAM[context]}-${subject}/0`,
    source: `/muster/${context}`,
    type,
    time: TIME,
    subject,
    datacontenttype: 'application/json',
    position: POSITION,
    data,
  };
}

function subjectOf(context: Context, data: unknown): string {
  return String((data as Readonly<Record<string, unknown>>)[context === 'segments' ? 'segmentId' : 'campaignId']);
}

/** The ordering key of an event with this data. */
export function keyOf({ key }: Pick<EventDeclaration, 'key'>, data: unknown): string {
  return key.map((field) => String((data as Readonly<Record<string, unknown>>)[field])).join(':');
}
