import type { IntegrationEvent } from './integration-event';

export type CampaignStatus =
  'inactive' | 'waiting' | 'audience_building' | 'active' | 'audience_exclusion' | 'completed';

export type ActivityKind = 'broadcast' | 'regular' | 'triggered' | 'ab_test' | 'scenario' | 'placement';

/** The share of the local control group; `null` where it is switched off. With both, the smaller holds. */
export interface LcgSettings {
  /** Of 10,000: 1500 is 15 %. */
  readonly basisPoints: number | null;
  readonly count: number | null;
}

/** A stratification by its content address: the definition stands with `segments`, which evaluates it. */
export interface StratificationReference {
  readonly hash: string;
  /** Stratum hashes in the order of their codes; the last one is the residual stratum. */
  readonly strata: readonly string[];
}

/** Everything the audience needs to know to build: the campaign as of its activation, or as of a change of settings. */
export interface AudienceSettings {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly segmentId: string;
  readonly lcg: LcgSettings | null;
  readonly stratification: StratificationReference | null;
}

export interface CampaignActivated extends AudienceSettings {
  readonly buildId: string;
}

export interface CampaignBuildCancelled {
  readonly campaignId: string;
  readonly buildId: string;
}

export interface CampaignDeactivated {
  readonly campaignId: string;
}

export interface CampaignCompletionStarted {
  readonly campaignId: string;
}

export interface CampaignStatusChanged {
  readonly campaignId: string;
  readonly status: CampaignStatus;
  readonly previous: CampaignStatus;
}

export type CampaignsIntegrationEvent =
  | IntegrationEvent<'muster.campaigns.CampaignActivated.v1', CampaignActivated>
  | IntegrationEvent<'muster.campaigns.CampaignBuildCancelled.v1', CampaignBuildCancelled>
  | IntegrationEvent<'muster.campaigns.CampaignDeactivated.v1', CampaignDeactivated>
  | IntegrationEvent<'muster.campaigns.CampaignCompletionStarted.v1', CampaignCompletionStarted>
  | IntegrationEvent<'muster.campaigns.CampaignStatusChanged.v1', CampaignStatusChanged>;
