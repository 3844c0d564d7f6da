import { outgoingEvent, type Feed, type OutgoingEvent } from '@muster/contracts';
import { categoryOf, NOTED, type StoredEvent } from '@muster/event-store';
import { segmentMembersEvents, type SegmentMembersEvent } from './segment-members.events';
import { segmentEvents, type SegmentEvent } from './segment.events';

/** What a segment tells others: the members' changes one to one in the set feed, its runs in the life-cycle feed. */
export const segmentsTranslation = {
  context: 'segments',
  categories: [segmentEvents.category, segmentMembersEvents.category],
  translate: (stored: StoredEvent): Promise<readonly OutgoingEvent[]> => Promise.resolve(translate(stored)),
} as const;

function translate(stored: StoredEvent): OutgoingEvent[] {
  if (stored.type === NOTED) return [];
  return categoryOf(stored.stream) === segmentMembersEvents.category
    ? ofMembers(stored, segmentMembersEvents.read(stored))
    : ofSegment(stored, segmentEvents.read(stored));
}

function ofMembers(stored: StoredEvent, { type, data }: SegmentMembersEvent): OutgoingEvent[] {
  const { segmentId, databaseId, changeId, cause } = data;
  const change = { segmentId, databaseId, changeId, cause };
  if (type === 'SegmentMembersChanged') {
    const { added, removed, count } = data;
    return [envelope(stored, 'sets', 'SegmentMembershipChanged', segmentId, { ...change, added, removed, count })];
  }
  return [envelope(stored, 'sets', type, segmentId, { ...change, profiles: data.profiles, count: data.count })];
}

function ofSegment(stored: StoredEvent, { type, data }: SegmentEvent): OutgoingEvent[] {
  const { segmentId } = data;
  switch (type) {
    case 'SegmentCreated': {
      const { databaseId, name, kind } = data;
      return [envelope(stored, 'lifecycle', type, segmentId, { segmentId, databaseId, name, kind })];
    }
    case 'SegmentRunCompleted': {
      const { runId, found, added, removed } = data;
      return [
        envelope(stored, 'lifecycle', 'SegmentRecalculated', segmentId, { segmentId, runId, found, added, removed }),
      ];
    }
    case 'SegmentRunFailed': {
      const { runId, reason } = data;
      return [envelope(stored, 'lifecycle', type, segmentId, { segmentId, runId, reason })];
    }
    default:
      return [];
  }
}

function envelope(stored: StoredEvent, feed: Feed, name: string, subject: string, data: unknown): OutgoingEvent {
  return outgoingEvent(stored, { context: 'segments', feed, name, version: 1, n: 0, subject, data });
}
