import { Type } from '@sinclair/typebox';
import { declaring, type DataOf, type DataOfSchema, type EventOf } from './declared/declaration';
import { count, hex, oneOf, uuid } from './declared/schema-parts';

export const CAMPAIGN_STATUSES = [
  'inactive',
  'waiting',
  'audience_building',
  'active',
  'audience_exclusion',
  'completed',
] as const;

export type CampaignStatus = (typeof CAMPAIGN_STATUSES)[number];

export type ActivityKind = 'broadcast' | 'regular' | 'triggered' | 'ab_test' | 'scenario' | 'placement';

const declare = declaring('campaigns');

const campaign = { campaignId: uuid('The campaign.') };
const build = { ...campaign, buildId: uuid('The build of the audience.') };

const lcg = Type.Object(
  {
    basisPoints: Type.Union([Type.Integer({ minimum: 0, maximum: 10_000 }), Type.Null()], {
      description: 'The share of the control group, of 10,000: 1500 is 15 %.',
    }),
    count: Type.Union([count('Profiles.'), Type.Null()], {
      description: 'The size of the control group; with both, the smaller holds.',
    }),
  },
  { description: 'The local control group; null where it is switched off.' },
);
const stratification = Type.Object(
  {
    hash: hex(64, 'The content address of its definition.'),
    strata: Type.Array(hex(16, 'A stratum.'), {
      description: 'In the order of their codes; the last one is the residual stratum.',
    }),
  },
  { description: 'How the audience is cut into strata; null for one stratum.' },
);
const settings = {
  ...campaign,
  databaseId: uuid('The profile database of the campaign.'),
  segmentId: uuid('The segment whose members the audience is built of.'),
  lcg: Type.Union([lcg, Type.Null()]),
  stratification: Type.Union([stratification, Type.Null()]),
};
const status = oneOf(CAMPAIGN_STATUSES, 'The status of the campaign.');

const ofCampaign = { campaignId: '9c858901-8a57-4791-81fe-4c455b099bc9' };
const ofBuild = { ...ofCampaign, buildId: '16fd2706-8baf-433b-82eb-8c7fada847da' };

const campaignActivated = declare({
  feed: 'lifecycle',
  name: 'CampaignActivated',
  version: 1,
  key: ['campaignId'],
  description: 'A campaign was activated: its audience is being built with these settings.',
  data: Type.Object({ ...settings, buildId: build.buildId }),
  example: {
    ...ofBuild,
    databaseId: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
    segmentId: '0b2f6a0e-3a51-4a5b-9a43-0d5c6a1f7e11',
    lcg: { basisPoints: 1500, count: null },
    stratification: { hash: 'cd'.repeat(32), strata: ['00112233445566aa', '00112233445566bb'] },
  },
});

const campaignBuildCancelled = declare({
  feed: 'lifecycle',
  name: 'CampaignBuildCancelled',
  version: 1,
  key: ['campaignId'],
  description: 'The build of an audience was cancelled. Profiles that have a group keep it.',
  data: Type.Object(build),
  example: ofBuild,
});

const campaignDeactivated = declare({
  feed: 'lifecycle',
  name: 'CampaignDeactivated',
  version: 1,
  key: ['campaignId'],
  description: 'A campaign was deactivated. Every profile keeps its group.',
  data: Type.Object(campaign),
  example: ofCampaign,
});

const campaignCompletionStarted = declare({
  feed: 'lifecycle',
  name: 'CampaignCompletionStarted',
  version: 1,
  key: ['campaignId'],
  description: 'A campaign is being completed: every profile leaves it.',
  data: Type.Object(campaign),
  example: ofCampaign,
});

const campaignStatusChanged = declare({
  feed: 'lifecycle',
  name: 'CampaignStatusChanged',
  version: 1,
  key: ['campaignId'],
  description: 'The status of a campaign became another, whatever led to it.',
  data: Type.Object({ ...campaign, status, previous: status }),
  example: { ...ofCampaign, status: 'active', previous: 'audience_building' },
});

/** Every event that `campaigns` tells. */
export const CAMPAIGNS_EVENTS = [
  campaignActivated,
  campaignBuildCancelled,
  campaignDeactivated,
  campaignCompletionStarted,
  campaignStatusChanged,
] as const;

/** The share of the local control group; `null` where it is switched off. With both, the smaller holds. */
export type LcgSettings = DataOfSchema<typeof lcg>;
/** A stratification by its content address: the definition stands with `segments`, which evaluates it. */
export type StratificationReference = DataOfSchema<typeof stratification>;
/** Everything the audience needs to know to build: the campaign as of its activation, or as of a change of settings. */
export type AudienceSettings = Omit<CampaignActivated, 'buildId'>;
export type CampaignActivated = DataOf<typeof campaignActivated>;
export type CampaignBuildCancelled = DataOf<typeof campaignBuildCancelled>;
export type CampaignDeactivated = DataOf<typeof campaignDeactivated>;
export type CampaignCompletionStarted = DataOf<typeof campaignCompletionStarted>;
export type CampaignStatusChanged = DataOf<typeof campaignStatusChanged>;

export type CampaignsIntegrationEvent = EventOf<(typeof CAMPAIGNS_EVENTS)[number]>;
