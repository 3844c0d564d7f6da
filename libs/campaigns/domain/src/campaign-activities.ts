import { DomainError } from '@muster/kernel';
import type { CampaignEvent } from '@muster/campaigns-events';
import type { ExistingCampaign } from './campaign';
import type { AttachActivity, DetachActivity } from './campaign.commands';
import { requireStatus } from './campaign-status';

export function attachActivity({ data }: AttachActivity, state: ExistingCampaign): CampaignEvent[] {
  const { activity, activityDatabaseId } = data;
  requireStatus(state, ['inactive', 'active'], 'An activity can be attached');
  if (activityDatabaseId !== state.databaseId) {
    throw new DomainError('ACTIVITY_CANNOT_BE_ATTACHED', {
      detail: 'The activity belongs to another profile database than the campaign.',
      extra: { rule: 'same-database' },
    });
  }
  if (activity.expandsAudience && state.segmentKind !== 'static') {
    throw new DomainError('ACTIVITY_CANNOT_BE_ATTACHED', {
      detail: `Audience expansion needs a campaign on a static segment; this one is ${state.segmentKind}.`,
      extra: { rule: 'expansion-needs-static-segment' },
    });
  }
  if (state.activities.has(activity.activityId)) return [];
  return [{ type: 'ActivityAttached', data: { campaignId: state.campaignId, activity } }];
}

export function detachActivity({ data: { activityId } }: DetachActivity, state: ExistingCampaign): CampaignEvent[] {
  requireStatus(state, ['inactive', 'active'], 'An activity can be detached');
  if (!state.activities.has(activityId)) {
    throw new DomainError('ACTIVITY_NOT_FOUND', { detail: `The campaign has no activity ${activityId}.` });
  }
  if (state.status === 'active' && state.activities.size === 1) {
    throw new DomainError('ACTIVITY_CANNOT_BE_MOVED', {
      detail: 'An active campaign keeps at least one activity.',
      extra: { rule: 'active-campaign-needs-activity' },
    });
  }
  return [{ type: 'ActivityDetached', data: { campaignId: state.campaignId, activityId } }];
}
