import { Type } from '@sinclair/typebox';
import { declaring, type DataOf, type EventOf } from './declared/declaration';
import { count, externalId, oneOf, profileNumber, profileSet, text, uuid } from './declared/schema-parts';

const MEMBERSHIP_CAUSES = [
  'manual',
  'import',
  'conditions',
  'schedule',
  'expansion',
  'api',
  'copy',
  'scenario',
  'undo',
  'erase',
] as const;
export const SEGMENT_KINDS = ['static', 'dynamic', 'scheduled'] as const;

/** Why a profile entered or left a segment. */
export type MembershipCause = (typeof MEMBERSHIP_CAUSES)[number];

export type SegmentKind = (typeof SEGMENT_KINDS)[number];

const declare = declaring('segments');

const segment = { segmentId: uuid('The segment.') };
const inDatabase = { ...segment, databaseId: uuid('The profile database that the segment belongs to.') };
const change = {
  ...inDatabase,
  changeId: uuid('The change that this is part of: it holds from its SegmentMembershipChanged on.'),
  cause: oneOf(MEMBERSHIP_CAUSES, 'Why the members changed.'),
};
const run = { ...segment, runId: uuid('The run.') };

const ofSegment = { segmentId: '0b2f6a0e-3a51-4a5b-9a43-0d5c6a1f7e11' };
const ofDatabase = { ...ofSegment, databaseId: '6f9619ff-8b86-4011-b42d-00c04fc964ff' };
const ofChange = { ...ofDatabase, changeId: '3f333df6-90a4-4fda-8dd3-9485d27cee36', cause: 'conditions' } as const;
const threeProfiles = { profiles: 'OjAAAAEAAAAAAAIAEAAAAAEAAgADAA==', count: 3 };
const runId = ofChange.changeId;

const profilesEnteredSegment = declare({
  feed: 'sets',
  name: 'ProfilesEnteredSegment',
  version: 1,
  key: ['segmentId'],
  description:
    'Profiles that entered a segment: part of one change, with which it holds from its SegmentMembershipChanged on.',
  data: Type.Object({ ...change, profiles: profileSet('Who entered.'), count: count('How many.') }),
  example: { ...ofChange, ...threeProfiles },
});

const profilesLeftSegment = declare({
  feed: 'sets',
  name: 'ProfilesLeftSegment',
  version: 1,
  key: ['segmentId'],
  description:
    'Profiles that left a segment: part of one change, with which it holds from its SegmentMembershipChanged on.',
  data: Type.Object({ ...change, profiles: profileSet('Who left.'), count: count('How many.') }),
  example: { ...ofChange, ...threeProfiles },
});

const segmentMembershipChanged = declare({
  feed: 'sets',
  name: 'SegmentMembershipChanged',
  version: 1,
  key: ['segmentId'],
  description: 'Closes one change of the members of a segment: all events with its changeId hold from here on.',
  data: Type.Object({
    ...change,
    added: count('Profiles that entered with this change.'),
    removed: count('Profiles that left with this change.'),
    count: count('Members after the change.'),
  }),
  example: { ...ofChange, added: 3, removed: 0, count: 3 },
});

const segmentCreated = declare({
  feed: 'lifecycle',
  name: 'SegmentCreated',
  version: 1,
  key: ['segmentId'],
  description: 'A segment was created. It has no members yet.',
  data: Type.Object({
    ...inDatabase,
    name: text('What people call it; it can change.'),
    kind: oneOf(SEGMENT_KINDS, 'How it comes by its members.'),
  }),
  example: { ...ofDatabase, name: 'Adults', kind: 'static' },
});

const segmentRecalculated = declare({
  feed: 'lifecycle',
  name: 'SegmentRecalculated',
  version: 1,
  key: ['segmentId'],
  description: 'A run evaluated the conditions of a segment and its members are as found.',
  data: Type.Object({
    ...run,
    found: count('Profiles that the conditions select.'),
    added: count('Profiles that entered.'),
    removed: count('Profiles that left.'),
  }),
  example: { ...ofSegment, runId, found: 3, added: 3, removed: 0 },
});

const segmentRunFailed = declare({
  feed: 'lifecycle',
  name: 'SegmentRunFailed',
  version: 1,
  key: ['segmentId'],
  description: 'A run over the conditions of a segment failed. The members stayed as they were.',
  data: Type.Object({ ...run, reason: text('Why, for people.') }),
  example: { ...ofSegment, runId, reason: 'The evaluation took too long.' },
});

const profileEnteredSegment = declare({
  feed: 'profiles',
  name: 'ProfileEnteredSegment',
  version: 1,
  key: ['databaseId', 'profile'],
  description:
    'One profile entered a segment. It is told with its part of the change; what was begun is always finished.',
  data: Type.Object({ ...change, profile: profileNumber, externalId }),
  example: { ...ofChange, profile: 2, externalId: 'customer-4711' },
});

const profileLeftSegment = declare({
  feed: 'profiles',
  name: 'ProfileLeftSegment',
  version: 1,
  key: ['databaseId', 'profile'],
  description: 'One profile left a segment. It is told with its part of the change; what was begun is always finished.',
  data: Type.Object({ ...change, profile: profileNumber, externalId }),
  example: { ...ofChange, profile: 2, externalId: null },
});

/** Every event that `segments` tells. */
export const SEGMENTS_EVENTS = [
  profilesEnteredSegment,
  profilesLeftSegment,
  segmentMembershipChanged,
  segmentCreated,
  segmentRecalculated,
  segmentRunFailed,
  profileEnteredSegment,
  profileLeftSegment,
] as const;

/**
 * Part of one change of a segment's members. A change (a run, a call) is `ProfilesEnteredSegment` and
 * `ProfilesLeftSegment` events with one `changeId`, closed by a `SegmentMembershipChanged`: apply it at its closing event.
 */
export type ProfilesEnteredSegment = DataOf<typeof profilesEnteredSegment>;
export type ProfilesLeftSegment = DataOf<typeof profilesLeftSegment>;
/** Closes one change: everything with this `changeId` holds from here on. */
export type SegmentMembershipChanged = DataOf<typeof segmentMembershipChanged>;
export type SegmentCreatedIntegration = DataOf<typeof segmentCreated>;
export type SegmentRecalculated = DataOf<typeof segmentRecalculated>;
export type SegmentRunFailedIntegration = DataOf<typeof segmentRunFailed>;
export type ProfileEnteredSegment = DataOf<typeof profileEnteredSegment>;
export type ProfileLeftSegment = DataOf<typeof profileLeftSegment>;

export type SegmentsIntegrationEvent = EventOf<(typeof SEGMENTS_EVENTS)[number]>;
