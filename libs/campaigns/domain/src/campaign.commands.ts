import type { LcgSettings, SegmentKind, StratificationReference } from '@muster/contracts';
import type { AttachedActivity } from '@muster/campaigns-events';

interface Command<T extends string, D = unknown> {
  readonly type: T;
  readonly data: D;
}

/** The segment was looked up, and its use registered, before the campaign is created. */
export type CreateCampaign = Command<
  'CreateCampaign',
  {
    readonly campaignId: string;
    readonly name: string;
    readonly description: string;
    readonly tags: readonly string[];
    readonly databaseId: string;
    readonly segmentId: string;
    readonly segmentKind: SegmentKind;
    readonly segmentDatabaseId: string;
    readonly lcg: LcgSettings | null;
    readonly stratification: StratificationReference | null;
  }
>;
export type DescribeCampaign = Command<
  'DescribeCampaign',
  { readonly name?: string; readonly description?: string; readonly tags?: readonly string[] }
>;
export type ChangeLcg = Command<'ChangeLcg', { readonly lcg: LcgSettings | null }>;
export type ChangeStratification = Command<
  'ChangeStratification',
  { readonly stratification: StratificationReference | null }
>;
export type AttachActivity = Command<
  'AttachActivity',
  { readonly activity: AttachedActivity; readonly activityDatabaseId: string }
>;
export type DetachActivity = Command<'DetachActivity', { readonly activityId: string }>;
export type ActivateCampaign = Command<'ActivateCampaign', { readonly buildId: string }>;
export type ConfirmAudienceBuilt = Command<
  'ConfirmAudienceBuilt',
  { readonly buildId: string; readonly members: number; readonly control: number }
>;
export type ReportBuildFailure = Command<'ReportBuildFailure', { readonly buildId: string; readonly reason: string }>;
export type CancelBuild = Command<'CancelBuild', Record<never, never>>;
export type DeactivateCampaign = Command<'DeactivateCampaign', Record<never, never>>;
export type CompleteCampaign = Command<'CompleteCampaign', Record<never, never>>;
export type ConfirmAudienceExcluded = Command<'ConfirmAudienceExcluded', { readonly left: number }>;

export type CampaignCommand =
  | CreateCampaign
  | DescribeCampaign
  | ChangeLcg
  | ChangeStratification
  | AttachActivity
  | DetachActivity
  | ActivateCampaign
  | ConfirmAudienceBuilt
  | ReportBuildFailure
  | CancelBuild
  | DeactivateCampaign
  | CompleteCampaign
  | ConfirmAudienceExcluded;
