import { DomainError, unreachable, type Decider } from '@muster/kernel';
import type { CampaignEvent } from '@muster/campaigns-events';
import { initialCampaign, type Campaign, type ExistingCampaign } from './campaign';
import type { CampaignCommand } from './campaign.commands';
import { attachActivity, detachActivity } from './campaign-activities';
import {
  activate,
  cancelBuild,
  complete,
  confirmAudienceBuilt,
  confirmAudienceExcluded,
  deactivate,
  reportBuildFailure,
} from './campaign-life-cycle';
import { changeLcg, changeStratification, create, describe } from './campaign-settings';

/** The rules of one campaign: what it is, which activities it has, and which way its status may go. */
export const campaign: Decider<Campaign, CampaignCommand, CampaignEvent> = {
  initialState: initialCampaign,

  decide(command, state) {
    if (command.type === 'CreateCampaign') return create(command, state);
    const existing = existingCampaign(state);
    switch (command.type) {
      case 'DescribeCampaign':
        return describe(command, existing);
      case 'ChangeLcg':
        return changeLcg(command, existing);
      case 'ChangeStratification':
        return changeStratification(command, existing);
      case 'AttachActivity':
        return attachActivity(command, existing);
      case 'DetachActivity':
        return detachActivity(command, existing);
      case 'ActivateCampaign':
        return activate(command, existing);
      case 'ConfirmAudienceBuilt':
        return confirmAudienceBuilt(command, existing);
      case 'ReportBuildFailure':
        return reportBuildFailure(command, existing);
      case 'CancelBuild':
        return cancelBuild(existing);
      case 'DeactivateCampaign':
        return deactivate(existing);
      case 'CompleteCampaign':
        return complete(existing);
      case 'ConfirmAudienceExcluded':
        return confirmAudienceExcluded(command, existing);
      default:
        return unreachable(command);
    }
  },

  evolve(state, { type, data }) {
    if (type === 'CampaignCreated') {
      const { campaignId, name, description, tags, databaseId, segmentId, segmentKind } = data;
      return {
        status: 'inactive',
        campaignId,
        name,
        description,
        tags,
        databaseId,
        segmentId,
        segmentKind,
        lcg: null,
        stratification: null,
        activities: new Map(),
        build: null,
        allocated: false,
      };
    }
    const existing = existingCampaign(state);
    switch (type) {
      case 'CampaignDescribed':
        return Object.assign(existing, { name: data.name, description: data.description, tags: data.tags });
      case 'CampaignLcgChanged':
        return Object.assign(existing, { lcg: data.lcg });
      case 'CampaignStratificationChanged':
        return Object.assign(existing, { stratification: data.stratification });
      case 'ActivityAttached':
        existing.activities.set(data.activity.activityId, data.activity);
        return existing;
      case 'ActivityDetached':
        existing.activities.delete(data.activityId);
        return existing;
      case 'CampaignActivated':
        return Object.assign(existing, {
          status: 'audience_building',
          build: { buildId: data.buildId, failure: null },
        } as const);
      case 'CampaignAudienceReady':
        return Object.assign(existing, { status: 'active', build: null, allocated: true } as const);
      case 'CampaignBuildFailed':
        return Object.assign(existing, { build: { buildId: data.buildId, failure: data.reason } });
      case 'CampaignBuildCancelled':
        return Object.assign(existing, { status: 'inactive', build: null } as const);
      case 'CampaignDeactivated':
        return Object.assign(existing, { status: 'inactive' } as const);
      case 'CampaignCompletionStarted':
        return Object.assign(existing, { status: 'audience_exclusion' } as const);
      case 'CampaignCompleted':
        return Object.assign(existing, { status: 'completed', allocated: false } as const);
      default:
        return unreachable(type);
    }
  },
};

export function existingCampaign(state: Campaign): ExistingCampaign {
  if (state.status === 'nonexistent') {
    throw new DomainError('CAMPAIGN_NOT_FOUND', { detail: 'There is no campaign with this id.' });
  }
  return state;
}
