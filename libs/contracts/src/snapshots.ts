import { Type } from '@sinclair/typebox';
import { CAMPAIGN_STATUSES } from './campaigns';
import { count, oneOf, profileSet, text, uuid } from './declared/schema-parts';
import { declareSnapshot, type SnapshotDocument, type SnapshotOf } from './declared/snapshot-declaration';
import { SEGMENT_KINDS } from './segments';

export type { SnapshotDocument };

const segment = { segmentId: uuid('The segment.'), databaseId: uuid('The profile database that it belongs to.') };
const campaign = { campaignId: uuid('The campaign.'), databaseId: uuid('The profile database that it belongs to.') };

const databaseId = '6f9619ff-8b86-4011-b42d-00c04fc964ff';
const segmentId = '0b2f6a0e-3a51-4a5b-9a43-0d5c6a1f7e11';
const campaignId = '9c858901-8a57-4791-81fe-4c455b099bc9';
const threeProfiles = { profiles: 'OjAAAAEAAAAAAAIAEAAAAAEAAgADAA==', count: 3 };
const oneOfThem = { control: 'OjAAAAEAAAAAAAAAEAAAAAIA', controlCount: 1 };

/** Every document of a snapshot. */
export const SNAPSHOT_DOCUMENTS = [
  declareSnapshot({
    context: 'segments',
    name: 'SegmentSnapshot',
    description: 'A segment. Its members follow in SegmentMembersSnapshot documents.',
    data: Type.Object({
      ...segment,
      name: text('What people call it; no event tells when it changes.'),
      kind: oneOf(SEGMENT_KINDS, 'How it comes by its members.'),
      count: count('Members as of its last closed change.'),
    }),
    example: { segmentId, databaseId, name: 'Adults', kind: 'static', count: 3 },
  }),
  declareSnapshot({
    context: 'segments',
    name: 'SegmentMembersSnapshot',
    description: 'Some of the members of a segment. The parts of one snapshot share nobody.',
    data: Type.Object({ ...segment, profiles: profileSet('These members.'), count: count('How many.') }),
    example: { segmentId, databaseId, ...threeProfiles },
  }),
  declareSnapshot({
    context: 'campaigns',
    name: 'CampaignSnapshot',
    description: 'A campaign.',
    data: Type.Object({
      ...campaign,
      segmentId: uuid('The segment whose members the audience is built of.'),
      name: text('What people call it; no event tells when it changes.'),
      status: oneOf(CAMPAIGN_STATUSES, 'The status of the campaign.'),
    }),
    example: { campaignId, databaseId, segmentId, name: 'Spring', status: 'active' },
  }),
  declareSnapshot({
    context: 'audiences',
    name: 'AudienceSnapshot',
    description: 'The audience of a campaign that was built. Its members follow in AudienceMembersSnapshot documents.',
    data: Type.Object({
      ...campaign,
      epoch: Type.Integer({ minimum: 1, description: 'The stretch of unchanged settings that it is in.' }),
      count: count('Members.'),
      controlCount: count('Those of them in the local control group.'),
    }),
    example: { campaignId, databaseId, epoch: 1, count: 3, controlCount: 1 },
  }),
  declareSnapshot({
    context: 'audiences',
    name: 'AudienceMembersSnapshot',
    description:
      'Some of the members of an audience. Who is not in control is in the test group. The parts of one snapshot share nobody.',
    data: Type.Object({
      ...campaign,
      profiles: profileSet('These members.'),
      count: count('How many.'),
      control: profileSet('Those of them in the local control group.'),
      controlCount: count('How many.'),
    }),
    example: { campaignId, databaseId, ...threeProfiles, ...oneOfThem },
  }),
] as const;

/** Any document of a snapshot: its `type` says which, and with that what its `data` is. */
export type Snapshot = SnapshotOf<(typeof SNAPSHOT_DOCUMENTS)[number]>;
