import { given } from '@muster/kernel/testing';
import type { CampaignEvent } from '@muster/campaigns-events';
import { campaign } from './campaign.decider';
import type { CampaignCommand, CreateCampaign } from './campaign.commands';

const create: CreateCampaign = {
  type: 'CreateCampaign',
  data: {
    campaignId: 'c',
    name: 'Spring',
    description: '',
    tags: [],
    databaseId: 'db',
    segmentId: 's',
    segmentKind: 'static',
    segmentDatabaseId: 'db',
    lcg: null,
    stratification: null,
  },
};
const created: CampaignEvent = {
  type: 'CampaignCreated',
  data: {
    campaignId: 'c',
    name: 'Spring',
    description: '',
    tags: [],
    databaseId: 'db',
    segmentId: 's',
    segmentKind: 'static',
  },
};
const mail = { activityId: 'a', kind: 'broadcast', name: 'Mail', ignoresLcg: false, expandsAudience: false } as const;
const attached: CampaignEvent = { type: 'ActivityAttached', data: { campaignId: 'c', activity: mail } };
const activated: CampaignEvent = {
  type: 'CampaignActivated',
  data: { campaignId: 'c', buildId: 'b', databaseId: 'db', segmentId: 's', lcg: null, stratification: null },
};
const ready: CampaignEvent = {
  type: 'CampaignAudienceReady',
  data: { campaignId: 'c', buildId: 'b', members: 10, control: 1 },
};
const deactivated: CampaignEvent = { type: 'CampaignDeactivated', data: { campaignId: 'c' } };
const completionStarted: CampaignEvent = {
  type: 'CampaignCompletionStarted',
  data: { campaignId: 'c', previous: 'active' },
};
const completed: CampaignEvent = { type: 'CampaignCompleted', data: { campaignId: 'c', left: 10 } };
const activate: CampaignCommand = { type: 'ActivateCampaign', data: { buildId: 'b' } };
const deactivate: CampaignCommand = { type: 'DeactivateCampaign', data: {} };
const complete: CampaignCommand = { type: 'CompleteCampaign', data: {} };
const cancel: CampaignCommand = { type: 'CancelBuild', data: {} };
const lcg = (basisPoints: number | null, count: number | null = null): CampaignCommand => ({
  type: 'ChangeLcg',
  data: { lcg: { basisPoints, count } },
});

describe('creating a campaign', () => {
  it('takes its settings in one step', () => {
    const settings = { basisPoints: 1500, count: null };
    given(campaign)
      .when({ ...create, data: { ...create.data, lcg: settings } })
      .then(created, { type: 'CampaignLcgChanged', data: { campaignId: 'c', lcg: settings } });
  });
  it('is refused with a segment of another profile database', () => {
    given(campaign)
      .when({ ...create, data: { ...create.data, segmentDatabaseId: 'other' } })
      .thenRejected('CAMPAIGN_INVALID');
  });
  it('is refused without a name', () => {
    given(campaign)
      .when({ ...create, data: { ...create.data, name: ' ' } })
      .thenRejected('CAMPAIGN_INVALID');
  });
  it('is refused where it exists', () => {
    given(campaign, created).when(create).thenRejected('CAMPAIGN_EXISTS');
  });
  it('comes before everything else', () => {
    given(campaign).when(activate).thenRejected('CAMPAIGN_NOT_FOUND');
  });
});

describe('the local control group', () => {
  it('takes a percent with two decimals, a number, or both', () => {
    for (const command of [lcg(1), lcg(10_000), lcg(null, 0), lcg(3333, 500)]) {
      expect(given(campaign, created).when(command).events()).toHaveLength(1);
    }
  });
  it.each([lcg(null), lcg(-1), lcg(10_001), lcg(0.5), lcg(null, -1), lcg(null, 1.5)])('refuses %j', (command) => {
    given(campaign, created).when(command).thenRejected('LCG_INVALID');
  });
  it('says nothing twice', () => {
    given(campaign, created, {
      type: 'CampaignLcgChanged',
      data: { campaignId: 'c', lcg: { basisPoints: 5, count: null } },
    })
      .when(lcg(5))
      .thenNothing();
  });
  it('needs a percent for newcomers where an exact number is raised after profiles have groups', () => {
    const history = [created, attached, activated, ready, deactivated];
    given(campaign, ...history)
      .when(lcg(null, 5))
      .thenRejected('LCG_NUMBER_NEEDS_PERCENT');
    expect(
      given(campaign, ...history)
        .when(lcg(1000, 5))
        .events(),
    ).toHaveLength(1);
    expect(given(campaign, created, attached).when(lcg(null, 5)).events()).toHaveLength(1);
  });
});

describe('activities', () => {
  const attach = (over: Partial<typeof mail>, database = 'db'): CampaignCommand => ({
    type: 'AttachActivity',
    data: { activity: { ...mail, ...over }, activityDatabaseId: database },
  });
  it('of another profile database cannot be attached', () => {
    given(campaign, created).when(attach({}, 'other')).thenRejected('ACTIVITY_CANNOT_BE_ATTACHED');
  });
  it('are attached once', () => {
    given(campaign, created, attached).when(attach({})).thenNothing();
  });
  it('stay while the campaign is active and has no other', () => {
    given(campaign, created, attached, activated, ready)
      .when({ type: 'DetachActivity', data: { activityId: 'a' } })
      .thenRejected('ACTIVITY_CANNOT_BE_MOVED');
  });
});

describe('the status', () => {
  const states: Record<string, CampaignEvent[]> = {
    inactive: [created, attached],
    audience_building: [created, attached, activated],
    active: [created, attached, activated, ready],
    'inactive with profiles': [created, attached, activated, ready, deactivated],
    audience_exclusion: [created, attached, activated, ready, completionStarted],
    completed: [created, attached, activated, ready, completionStarted, completed],
  };
  const commands = { activate, deactivate, complete, cancel, 'change the lcg': lcg(100) };
  const allowed: Record<string, readonly string[]> = {
    inactive: ['activate', 'change the lcg'],
    audience_building: ['cancel'],
    active: ['deactivate', 'complete'],
    'inactive with profiles': ['activate', 'complete', 'change the lcg'],
    audience_exclusion: [],
    completed: [],
  };
  for (const [state, history] of Object.entries(states)) {
    for (const [name, command] of Object.entries(commands)) {
      const yes = allowed[state]?.includes(name) ?? false;
      it(`${state}: ${name} is ${yes ? 'allowed' : 'refused, naming the status and what is allowed'}`, () => {
        const outcome = given(campaign, ...history).when(command);
        if (yes) expect(outcome.events()).toHaveLength(1);
        else {
          const { details } = outcome.thenRejected('CAMPAIGN_STATUS_CONFLICT');
          expect(details.extra?.['campaignStatus']).toBe(state.split(' ')[0]);
          expect(details.extra?.['allowed']).toBeInstanceOf(Array);
        }
      });
    }
  }
  it('needs an activity to be activated', () => {
    given(campaign, created).when(activate).thenRejected('CAMPAIGN_HAS_NO_ACTIVITY');
  });
  it('becomes active when the build in hand is done, and by no other', () => {
    const built = (buildId: string): CampaignCommand => ({
      type: 'ConfirmAudienceBuilt',
      data: { buildId, members: 10, control: 1 },
    });
    given(campaign, created, attached, activated).when(built('b')).then(ready);
    given(campaign, created, attached, activated).when(built('older')).thenNothing();
    given(campaign, created, attached, activated, ready).when(built('b')).thenNothing();
  });
  it('stays while a build fails, and shows why', () => {
    const failed = given(campaign, created, attached, activated).when({
      type: 'ReportBuildFailure',
      data: { buildId: 'b', reason: 'segments is away' },
    });
    expect(failed.state()).toMatchObject({
      status: 'audience_building',
      build: { buildId: 'b', failure: 'segments is away' },
    });
  });
  it('ends completed when everyone has left', () => {
    given(campaign, created, attached, activated, ready, completionStarted)
      .when({ type: 'ConfirmAudienceExcluded', data: { left: 10 } })
      .then(completed);
  });
});
