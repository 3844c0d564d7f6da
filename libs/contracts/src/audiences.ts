import type { IntegrationEvent } from './integration-event';

export type Group = 'test' | 'control';

/** Why a profile entered a campaign, left it, or changed its group. */
export type AudienceCause =
  'build' | 'segment' | 'expansion' | 'forced' | 'gcg' | 'lcg_changed' | 'completed' | 'manual';

/** A set of profiles that entered a campaign at once. Who is not in `control` is in the test group. */
export interface ProfilesEnteredCampaign {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly epoch: number;
  readonly cause: AudienceCause;
  /** Base64 of a portable Roaring bitmap: everyone who entered. */
  readonly profiles: string;
  readonly count: number;
  /** Base64 of a portable Roaring bitmap: those of them in the local control group. */
  readonly control: string;
  readonly controlCount: number;
}

export interface ProfilesLeftCampaign {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly cause: AudienceCause;
  readonly profiles: string;
  readonly count: number;
}

/** Members whose group became another: from control to test, never the other way round. */
export interface ProfilesChangedGroup {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly cause: AudienceCause;
  /** The group they are in from here on. */
  readonly group: Group;
  /** Base64 of a portable Roaring bitmap. */
  readonly profiles: string;
  readonly count: number;
}

/** The audience of a build is complete and queryable. */
export interface AudienceBuilt {
  readonly campaignId: string;
  readonly databaseId: string;
  readonly buildId: string;
  readonly epoch: number;
  /** Members after the build. */
  readonly members: number;
  readonly control: number;
  /** Entered and left in this build. */
  readonly entered: number;
  readonly left: number;
}

export interface AudienceBuildFailed {
  readonly campaignId: string;
  readonly buildId: string;
  readonly reason: string;
}

/** Completion has removed everyone. */
export interface AudienceExcluded {
  readonly campaignId: string;
  /** `null` for an audience that was never built. */
  readonly databaseId: string | null;
  readonly left: number;
}

export type AudiencesIntegrationEvent =
  | IntegrationEvent<'muster.audiences.ProfilesEnteredCampaign.v1', ProfilesEnteredCampaign>
  | IntegrationEvent<'muster.audiences.ProfilesLeftCampaign.v1', ProfilesLeftCampaign>
  | IntegrationEvent<'muster.audiences.ProfilesChangedGroup.v1', ProfilesChangedGroup>
  | IntegrationEvent<'muster.audiences.AudienceBuilt.v1', AudienceBuilt>
  | IntegrationEvent<'muster.audiences.AudienceBuildFailed.v1', AudienceBuildFailed>
  | IntegrationEvent<'muster.audiences.AudienceExcluded.v1', AudienceExcluded>;
