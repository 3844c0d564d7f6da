import type { DomainEvent } from '@muster/kernel';
import { defineEvents } from '@muster/event-store';
import type { ActivityKind, LcgSettings, SegmentKind, StratificationReference } from '@muster/contracts';

/** What the campaign keeps of an activity that is attached to it. */
export interface AttachedActivity {
  readonly activityId: string;
  readonly kind: ActivityKind;
  readonly name: string;
  readonly ignoresLcg: boolean;
  readonly expandsAudience: boolean;
}

export type CampaignCreated = DomainEvent<
  'CampaignCreated',
  {
    readonly campaignId: string;
    readonly name: string;
    readonly description: string;
    readonly tags: readonly string[];
    readonly databaseId: string;
    readonly segmentId: string;
    readonly segmentKind: SegmentKind;
  }
>;
export type CampaignDescribed = DomainEvent<
  'CampaignDescribed',
  {
    readonly campaignId: string;
    readonly name: string;
    readonly description: string;
    readonly tags: readonly string[];
  }
>;
/** `null`: the local control group is switched off. */
export type CampaignLcgChanged = DomainEvent<
  'CampaignLcgChanged',
  { readonly campaignId: string; readonly lcg: LcgSettings | null }
>;
export type CampaignStratificationChanged = DomainEvent<
  'CampaignStratificationChanged',
  { readonly campaignId: string; readonly stratification: StratificationReference | null }
>;
export type ActivityAttached = DomainEvent<
  'ActivityAttached',
  { readonly campaignId: string; readonly activity: AttachedActivity }
>;
export type ActivityDetached = DomainEvent<
  'ActivityDetached',
  { readonly campaignId: string; readonly activityId: string }
>;
/** The status is `audience_building` from here on; the settings are those of the build. */
export type CampaignActivated = DomainEvent<
  'CampaignActivated',
  {
    readonly campaignId: string;
    readonly buildId: string;
    readonly databaseId: string;
    readonly segmentId: string;
    readonly lcg: LcgSettings | null;
    readonly stratification: StratificationReference | null;
  }
>;
/** `audience_building -> active`. */
export type CampaignAudienceReady = DomainEvent<
  'CampaignAudienceReady',
  { readonly campaignId: string; readonly buildId: string; readonly members: number; readonly control: number }
>;
/** The status stays `audience_building`; the build retries. */
export type CampaignBuildFailed = DomainEvent<
  'CampaignBuildFailed',
  { readonly campaignId: string; readonly buildId: string; readonly reason: string }
>;
/** `audience_building -> inactive`; labelled profiles keep their groups. */
export type CampaignBuildCancelled = DomainEvent<
  'CampaignBuildCancelled',
  { readonly campaignId: string; readonly buildId: string }
>;
/** `active -> inactive`. */
export type CampaignDeactivated = DomainEvent<'CampaignDeactivated', { readonly campaignId: string }>;
/** `active | inactive -> audience_exclusion`. */
export type CampaignCompletionStarted = DomainEvent<
  'CampaignCompletionStarted',
  { readonly campaignId: string; readonly previous: 'active' | 'inactive' }
>;
/** `audience_exclusion -> completed`. */
export type CampaignCompleted = DomainEvent<
  'CampaignCompleted',
  { readonly campaignId: string; readonly left: number }
>;

export type CampaignEvent =
  | CampaignCreated
  | CampaignDescribed
  | CampaignLcgChanged
  | CampaignStratificationChanged
  | ActivityAttached
  | ActivityDetached
  | CampaignActivated
  | CampaignAudienceReady
  | CampaignBuildFailed
  | CampaignBuildCancelled
  | CampaignDeactivated
  | CampaignCompletionStarted
  | CampaignCompleted;

const lcg: LcgSettings = { basisPoints: 1500, count: null };
const stratification: StratificationReference = {
  hash: 'cd'.repeat(32),
  strata: ['00112233445566aa', '00112233445566bb'],
};
const campaign = { campaignId: 'c-1' };
const build = { ...campaign, buildId: 'b-1' };

export const campaignEvents = defineEvents<CampaignEvent>('campaign', {
  CampaignCreated: {
    version: 1,
    examples: [
      {
        ...campaign,
        name: 'Spring',
        description: '',
        tags: [],
        databaseId: 'db-1',
        segmentId: 's-1',
        segmentKind: 'static',
      },
    ],
  },
  CampaignDescribed: { version: 1, examples: [{ ...campaign, name: 'Spring', description: 'Sale', tags: ['2026'] }] },
  CampaignLcgChanged: { version: 1, examples: [{ ...campaign, lcg }] },
  CampaignStratificationChanged: { version: 1, examples: [{ ...campaign, stratification }] },
  ActivityAttached: {
    version: 1,
    examples: [
      {
        ...campaign,
        activity: {
          activityId: 'a-1',
          kind: 'broadcast',
          name: 'Mail 1',
          ignoresLcg: false,
          expandsAudience: false,
        },
      },
    ],
  },
  ActivityDetached: { version: 1, examples: [{ ...campaign, activityId: 'a-1' }] },
  CampaignActivated: {
    version: 1,
    examples: [{ ...build, databaseId: 'db-1', segmentId: 's-1', lcg, stratification }],
  },
  CampaignAudienceReady: { version: 1, examples: [{ ...build, members: 100, control: 15 }] },
  CampaignBuildFailed: { version: 1, examples: [{ ...build, reason: 'segments is away' }] },
  CampaignBuildCancelled: { version: 1, examples: [build] },
  CampaignDeactivated: { version: 1, examples: [campaign] },
  CampaignCompletionStarted: { version: 1, examples: [{ ...campaign, previous: 'active' }] },
  CampaignCompleted: { version: 1, examples: [{ ...campaign, left: 100 }] },
});
