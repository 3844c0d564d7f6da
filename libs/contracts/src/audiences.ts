import { Type } from '@sinclair/typebox';
import { declaring, type DataOf, type EventOf } from './declared/declaration';
import { count, externalId, oneOf, profileNumber, profileSet, text, uuid } from './declared/schema-parts';

const GROUPS = ['test', 'control'] as const;
const AUDIENCE_CAUSES = [
  'build',
  'segment',
  'expansion',
  'forced',
  'gcg',
  'lcg_changed',
  'completed',
  'manual',
] as const;

export type Group = (typeof GROUPS)[number];

/** Why a profile entered a campaign, left it, or changed its group. */
export type AudienceCause = (typeof AUDIENCE_CAUSES)[number];

const declare = declaring('audiences');

const campaign = { campaignId: uuid('The campaign.') };
const build = { ...campaign, buildId: uuid('The build of the audience.') };
const databaseId = uuid('The profile database of the campaign.');
const cause = oneOf(AUDIENCE_CAUSES, 'Why this happened.');
const change = { ...campaign, databaseId, cause };
const epoch = Type.Integer({
  minimum: 1,
  description: 'The stretch of unchanged control group settings in which the groups were drawn.',
});
const group = oneOf(GROUPS, 'The group that the profile is in from here on.');
const howMany = count('How many.');

const ofCampaign = { campaignId: '9c858901-8a57-4791-81fe-4c455b099bc9' };
const ofBuild = { ...ofCampaign, buildId: '16fd2706-8baf-433b-82eb-8c7fada847da' };
const inDatabase = { databaseId: '6f9619ff-8b86-4011-b42d-00c04fc964ff' };
const ofChange = { ...ofCampaign, ...inDatabase, cause: 'segment' } as const;
const threeProfiles = { profiles: 'OjAAAAEAAAAAAAIAEAAAAAEAAgADAA==', count: 3 };
const oneOfThem = 'OjAAAAEAAAAAAAAAEAAAAAIA';
const oneProfile = { profile: 2, externalId: 'customer-4711' };

const profilesEnteredCampaign = declare({
  feed: 'sets',
  name: 'ProfilesEnteredCampaign',
  version: 1,
  key: ['campaignId'],
  description: 'Profiles that entered a campaign at once. Who is not in `control` is in the test group.',
  data: Type.Object({
    ...change,
    epoch,
    profiles: profileSet('Everyone who entered.'),
    count: howMany,
    control: profileSet('Those of them in the local control group.'),
    controlCount: count('How many are in the local control group.'),
  }),
  example: { ...ofChange, epoch: 1, ...threeProfiles, control: oneOfThem, controlCount: 1 },
});

const profilesLeftCampaign = declare({
  feed: 'sets',
  name: 'ProfilesLeftCampaign',
  version: 1,
  key: ['campaignId'],
  description: 'Profiles that left a campaign at once, whichever group they were in.',
  data: Type.Object({ ...change, profiles: profileSet('Who left.'), count: howMany }),
  example: { ...ofChange, ...threeProfiles },
});

const profilesChangedGroup = declare({
  feed: 'sets',
  name: 'ProfilesChangedGroup',
  version: 1,
  key: ['campaignId'],
  description: 'Members of a campaign whose group became another: from control to test, never the other way round.',
  data: Type.Object({
    ...change,
    group: oneOf(GROUPS, 'The group that they are in from here on.'),
    profiles: profileSet('Whose group changed.'),
    count: howMany,
  }),
  example: { ...ofChange, cause: 'lcg_changed', group: 'test', profiles: oneOfThem, count: 1 },
});

const audienceBuilt = declare({
  feed: 'lifecycle',
  name: 'AudienceBuilt',
  version: 1,
  key: ['campaignId'],
  description: 'The audience of a build is complete and can be queried.',
  data: Type.Object({
    ...build,
    databaseId,
    epoch,
    members: count('Members after the build.'),
    control: count('Those of them in the local control group.'),
    entered: count('Profiles that entered in this build.'),
    left: count('Profiles that left in this build.'),
  }),
  example: { ...ofBuild, ...inDatabase, epoch: 1, members: 100, control: 15, entered: 100, left: 0 },
});

const audienceBuildFailed = declare({
  feed: 'lifecycle',
  name: 'AudienceBuildFailed',
  version: 1,
  key: ['campaignId'],
  description: 'One attempt at a build failed. It is tried again until it is built or cancelled.',
  data: Type.Object({ ...build, reason: text('Why, for people.') }),
  example: { ...ofBuild, reason: 'segments does not answer' },
});

const audienceExcluded = declare({
  feed: 'lifecycle',
  name: 'AudienceExcluded',
  version: 1,
  key: ['campaignId'],
  description: 'The completion of a campaign has removed everyone from its audience.',
  data: Type.Object({
    ...campaign,
    databaseId: Type.Union([databaseId, Type.Null()], { description: 'Null for an audience that was never built.' }),
    left: count('How many were removed.'),
  }),
  example: { ...ofCampaign, ...inDatabase, left: 100 },
});

const profileEnteredCampaign = declare({
  feed: 'profiles',
  name: 'ProfileEnteredCampaign',
  version: 1,
  key: ['databaseId', 'profile'],
  description: 'One profile entered a campaign, in this group.',
  data: Type.Object({ ...change, epoch, profile: profileNumber, externalId, group }),
  example: { ...ofChange, epoch: 1, ...oneProfile, group: 'test' },
});

const profileLeftCampaign = declare({
  feed: 'profiles',
  name: 'ProfileLeftCampaign',
  version: 1,
  key: ['databaseId', 'profile'],
  description: 'One profile left a campaign.',
  data: Type.Object({ ...change, profile: profileNumber, externalId }),
  example: { ...ofChange, ...oneProfile },
});

const profileGroupChanged = declare({
  feed: 'profiles',
  name: 'ProfileGroupChanged',
  version: 1,
  key: ['databaseId', 'profile'],
  description: 'One member of a campaign is in another group from here on.',
  data: Type.Object({ ...change, group, profile: profileNumber, externalId }),
  example: { ...ofChange, cause: 'lcg_changed', group: 'test', ...oneProfile },
});

/** Every event that `audiences` tells. */
export const AUDIENCES_EVENTS = [
  profilesEnteredCampaign,
  profilesLeftCampaign,
  profilesChangedGroup,
  audienceBuilt,
  audienceBuildFailed,
  audienceExcluded,
  profileEnteredCampaign,
  profileLeftCampaign,
  profileGroupChanged,
] as const;

/** A set of profiles that entered a campaign at once. Who is not in `control` is in the test group. */
export type ProfilesEnteredCampaign = DataOf<typeof profilesEnteredCampaign>;
export type ProfilesLeftCampaign = DataOf<typeof profilesLeftCampaign>;
/** Members whose group became another: from control to test, never the other way round. */
export type ProfilesChangedGroup = DataOf<typeof profilesChangedGroup>;
/** The audience of a build is complete and queryable. */
export type AudienceBuilt = DataOf<typeof audienceBuilt>;
export type AudienceBuildFailed = DataOf<typeof audienceBuildFailed>;
/** Completion has removed everyone. */
export type AudienceExcluded = DataOf<typeof audienceExcluded>;
export type ProfileEnteredCampaign = DataOf<typeof profileEnteredCampaign>;
export type ProfileLeftCampaign = DataOf<typeof profileLeftCampaign>;
export type ProfileGroupChanged = DataOf<typeof profileGroupChanged>;

export type AudiencesIntegrationEvent = EventOf<(typeof AUDIENCES_EVENTS)[number]>;
