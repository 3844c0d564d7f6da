import { DomainError } from '@muster/kernel';
import type { CampaignEvent } from '@muster/campaigns-events';
import type { ExistingCampaign } from './campaign';
import type {
  ActivateCampaign,
  ConfirmAudienceBuilt,
  ConfirmAudienceExcluded,
  ReportBuildFailure,
} from './campaign.commands';
import { requireStatus, statusConflict } from './campaign-status';

export function activate({ data: { buildId } }: ActivateCampaign, state: ExistingCampaign): CampaignEvent[] {
  requireStatus(state, ['inactive'], 'A campaign can be activated');
  if (state.activities.size === 0) {
    throw new DomainError('CAMPAIGN_HAS_NO_ACTIVITY', {
      detail: 'Attach at least one activity before activating the campaign.',
    });
  }
  const { campaignId, databaseId, segmentId, lcg, stratification } = state;
  return [{ type: 'CampaignActivated', data: { campaignId, buildId, databaseId, segmentId, lcg, stratification } }];
}

/** News of a build that is no longer in hand (it was cancelled) changes nothing. */
export function confirmAudienceBuilt({ data }: ConfirmAudienceBuilt, state: ExistingCampaign): CampaignEvent[] {
  if (!isBuilding(state, data.buildId)) return [];
  return [{ type: 'CampaignAudienceReady', data: { campaignId: state.campaignId, ...data } }];
}

export function reportBuildFailure({ data }: ReportBuildFailure, state: ExistingCampaign): CampaignEvent[] {
  if (!isBuilding(state, data.buildId) || state.build?.failure === data.reason) return [];
  return [{ type: 'CampaignBuildFailed', data: { campaignId: state.campaignId, ...data } }];
}

export function cancelBuild(state: ExistingCampaign): CampaignEvent[] {
  requireStatus(state, ['audience_building'], 'A build can be cancelled');
  const buildId = state.build?.buildId ?? '';
  return [{ type: 'CampaignBuildCancelled', data: { campaignId: state.campaignId, buildId } }];
}

export function deactivate(state: ExistingCampaign): CampaignEvent[] {
  requireStatus(state, ['active'], 'A campaign can be deactivated');
  return [{ type: 'CampaignDeactivated', data: { campaignId: state.campaignId } }];
}

export function complete(state: ExistingCampaign): CampaignEvent[] {
  const { status } = state;
  if (status !== 'active' && status !== 'inactive') {
    throw statusConflict(
      state,
      `A campaign can be completed while it is active, or inactive with profiles; it is ${status}.`,
    );
  }
  if (status === 'inactive' && !state.allocated) {
    throw statusConflict(state, 'An inactive campaign can be completed once it has profiles; this one has none.');
  }
  return [{ type: 'CampaignCompletionStarted', data: { campaignId: state.campaignId, previous: status } }];
}

export function confirmAudienceExcluded({ data }: ConfirmAudienceExcluded, state: ExistingCampaign): CampaignEvent[] {
  if (state.status !== 'audience_exclusion') return [];
  return [{ type: 'CampaignCompleted', data: { campaignId: state.campaignId, left: data.left } }];
}

function isBuilding(state: ExistingCampaign, buildId: string): boolean {
  return state.status === 'audience_building' && state.build?.buildId === buildId;
}
