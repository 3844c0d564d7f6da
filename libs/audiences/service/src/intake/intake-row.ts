import type {
  CampaignActivated,
  CampaignBuildCancelled,
  CampaignCompletionStarted,
  CampaignDeactivated,
  ProfilesEnteredSegment,
  SegmentMembershipChanged,
} from '@muster/contracts';

/** The consumer of the marks that audiences fold: what was filed led to the append. */
export const INTAKE_CONSUMER = 'audiences.intake';

/** What is filed, by the name of the integration event. */
interface Payloads {
  CampaignActivated: CampaignActivated;
  CampaignBuildCancelled: CampaignBuildCancelled;
  CampaignDeactivated: CampaignDeactivated;
  CampaignCompletionStarted: CampaignCompletionStarted;
  ProfilesEnteredSegment: ProfilesEnteredSegment;
  ProfilesLeftSegment: ProfilesEnteredSegment;
  SegmentMembershipChanged: SegmentMembershipChanged;
}

export type IntakeKind = keyof Payloads;

export const CAMPAIGN_KINDS = [
  'CampaignActivated',
  'CampaignBuildCancelled',
  'CampaignDeactivated',
  'CampaignCompletionStarted',
] as const satisfies readonly IntakeKind[];

export const SEGMENT_KINDS = [
  'ProfilesEnteredSegment',
  'ProfilesLeftSegment',
  'SegmentMembershipChanged',
] as const satisfies readonly IntakeKind[];

/** One integration event as it was filed, once for all campaigns. */
export type IntakeRow<K extends IntakeKind = IntakeKind> = {
  [Kind in K]: {
    readonly sourceStream: string;
    readonly revision: number;
    readonly kind: Kind;
    readonly payload: Payloads[Kind];
    readonly correlationId: string;
    readonly causationId: string | null;
    /** Of what led to the event, where that was traced. */
    readonly traceparent: string | null;
  };
}[K];

/** What a worker takes up; the parts of a segment change are read with its closing event. */
export type WorkRow = IntakeRow<(typeof CAMPAIGN_KINDS)[number] | 'SegmentMembershipChanged'>;
