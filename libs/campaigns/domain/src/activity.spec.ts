import { given } from '@muster/kernel/testing';
import type { ActivityEvent } from '@muster/campaigns-events';
import { activity, type CreateActivity } from './activity.decider';

const data: CreateActivity['data'] = {
  activityId: 'a',
  kind: 'broadcast',
  name: 'Mail',
  databaseId: 'db',
  segmentId: null,
  ignoresLcg: false,
  expandsAudience: false,
};
const created: ActivityEvent = { type: 'ActivityCreated', data };
const joined = (campaignId: string): ActivityEvent => ({
  type: 'ActivityJoinedCampaign',
  data: { activityId: 'a', campaignId },
});

describe('an activity', () => {
  it('is created once', () => {
    given(activity).when({ type: 'CreateActivity', data }).then(created);
    given(activity, created).when({ type: 'CreateActivity', data }).thenRejected('ACTIVITY_EXISTS');
  });
  it('needs a name', () => {
    given(activity)
      .when({ type: 'CreateActivity', data: { ...data, name: '' } })
      .thenRejected('ACTIVITY_INVALID');
  });
  it('belongs to at most one campaign', () => {
    given(activity, created)
      .when({ type: 'JoinCampaign', data: { campaignId: 'c' } })
      .then(joined('c'));
    given(activity, created, joined('c'))
      .when({ type: 'JoinCampaign', data: { campaignId: 'c' } })
      .thenNothing();
    given(activity, created, joined('c'))
      .when({ type: 'JoinCampaign', data: { campaignId: 'd' } })
      .thenRejected('ACTIVITY_CANNOT_BE_ATTACHED');
  });
  it('leaves only the campaign that it is in', () => {
    given(activity, created, joined('c'))
      .when({ type: 'LeaveCampaign', data: { campaignId: 'd' } })
      .thenNothing();
    given(activity, created, joined('c'), { type: 'ActivityLeftCampaign', data: { activityId: 'a', campaignId: 'c' } })
      .when({ type: 'JoinCampaign', data: { campaignId: 'd' } })
      .then(joined('d'));
  });
  it('is to be created before anything else', () => {
    given(activity)
      .when({ type: 'JoinCampaign', data: { campaignId: 'c' } })
      .thenRejected('ACTIVITY_NOT_FOUND');
  });
});
