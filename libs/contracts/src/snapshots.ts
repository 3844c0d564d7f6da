import type { CampaignStatus } from './campaigns';
import type { SegmentKind } from './segments';

/**
 * A part of the state of everything as of one position of the event store, in the envelope of an integration event. It
 * tells no fact, so it is on no feed: who begins without a history asks for the snapshot and then follows the feed.
 */
export interface SnapshotDocument<T extends string = string, D = unknown> {
  readonly specversion: '1.0';
  /** `snapshot/<position>/<stream>/<part>` */
  readonly id: string;
  /** `/muster/<context>` */
  readonly source: string;
  /** `muster.<context>.<Name>Snapshot.v<version>` */
  readonly type: T;
  /** When the snapshot was asked for, ISO 8601 UTC. */
  readonly time: string;
  /** The segment's or campaign's id. */
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  /** The same in all documents of a snapshot. */
  readonly position: string;
  readonly data: D;
}

/** A segment. Its members follow in `SegmentMembersSnapshot` documents. */
export interface SegmentSnapshot {
  readonly segmentId: string;
  readonly databaseId: string;
  readonly name: string;
  readonly kind: SegmentKind;
  /** Members as of the last closed change. */
  readonly count: number;
}

/** Some of the members of a segment; the parts of one snapshot share nobody. */
export interface SegmentMembersSnapshot {
  readonly segmentId: string;
  readonly databaseId: string;
  /** Base64 of a portable Roaring bitmap of profile numbers. */
  readonly profiles: string;
  readonly count: number;
}

export interface CampaignSnapshot {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly segmentId: string;
  readonly name: string;
  readonly status: CampaignStatus;
}

/** The audience of a campaign. Its members follow in `AudienceMembersSnapshot` documents. */
export interface AudienceSnapshot {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly epoch: number;
  /** Members. */
  readonly count: number;
  /** Those of them in the local control group. */
  readonly controlCount: number;
}

/** Some of the members of an audience; the parts of one snapshot share nobody. Who is not in `control` is in the test group. */
export interface AudienceMembersSnapshot {
  readonly campaignId: string;
  readonly databaseId: string;
  /** Base64 of a portable Roaring bitmap: these members. */
  readonly profiles: string;
  readonly count: number;
  /** Base64 of a portable Roaring bitmap: those of them in the local control group. */
  readonly control: string;
  readonly controlCount: number;
}

export type Snapshot =
  | SnapshotDocument<'muster.segments.SegmentSnapshot.v1', SegmentSnapshot>
  | SnapshotDocument<'muster.segments.SegmentMembersSnapshot.v1', SegmentMembersSnapshot>
  | SnapshotDocument<'muster.campaigns.CampaignSnapshot.v1', CampaignSnapshot>
  | SnapshotDocument<'muster.audiences.AudienceSnapshot.v1', AudienceSnapshot>
  | SnapshotDocument<'muster.audiences.AudienceMembersSnapshot.v1', AudienceMembersSnapshot>;
