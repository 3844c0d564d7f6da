import type { IntegrationEvent } from './integration-event';

/** Why a profile entered or left a segment. */
export type MembershipCause =
  'manual' | 'import' | 'conditions' | 'schedule' | 'expansion' | 'api' | 'copy' | 'scenario' | 'undo' | 'erase';

export type SegmentKind = 'static' | 'dynamic' | 'scheduled';

/**
 * Part of one change of a segment's members. A change (a run, a call) is `ProfilesEnteredSegment` and
 * `ProfilesLeftSegment` events with one `changeId`, closed by a `SegmentMembershipChanged`: apply it at its closing event.
 */
export interface ProfilesEnteredSegment {
  readonly segmentId: string;
  readonly databaseId: string;
  readonly changeId: string;
  readonly cause: MembershipCause;
  /** Base64 of a portable Roaring bitmap of profile numbers. */
  readonly profiles: string;
  readonly count: number;
}

export type ProfilesLeftSegment = ProfilesEnteredSegment;

/** Closes one change: everything with this `changeId` holds from here on. */
export interface SegmentMembershipChanged {
  readonly segmentId: string;
  readonly databaseId: string;
  readonly changeId: string;
  readonly cause: MembershipCause;
  readonly added: number;
  readonly removed: number;
  /** Members after the change. */
  readonly count: number;
}

export interface SegmentCreatedIntegration {
  readonly segmentId: string;
  readonly databaseId: string;
  readonly name: string;
  readonly kind: SegmentKind;
}

export interface SegmentRecalculated {
  readonly segmentId: string;
  readonly runId: string;
  readonly found: number;
  readonly added: number;
  readonly removed: number;
}

export interface SegmentRunFailedIntegration {
  readonly segmentId: string;
  readonly runId: string;
  readonly reason: string;
}

export type SegmentsIntegrationEvent =
  | IntegrationEvent<'muster.segments.ProfilesEnteredSegment.v1', ProfilesEnteredSegment>
  | IntegrationEvent<'muster.segments.ProfilesLeftSegment.v1', ProfilesLeftSegment>
  | IntegrationEvent<'muster.segments.SegmentMembershipChanged.v1', SegmentMembershipChanged>
  | IntegrationEvent<'muster.segments.SegmentCreated.v1', SegmentCreatedIntegration>
  | IntegrationEvent<'muster.segments.SegmentRecalculated.v1', SegmentRecalculated>
  | IntegrationEvent<'muster.segments.SegmentRunFailed.v1', SegmentRunFailedIntegration>;
