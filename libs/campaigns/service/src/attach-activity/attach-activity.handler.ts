import type { Aggregates, Handled } from '@muster/aggregates';
import { unmarked, type CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import {
  campaign as decider,
  existingActivity,
  existingCampaign,
  type ExistingActivity,
} from '@muster/campaigns-domain';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { activityAggregate, campaignAggregate } from '../campaigns/campaign.aggregates';

/** Attaches an activity that exists to a campaign. */
export class AttachActivity {
  constructor(
    readonly campaignId: string,
    readonly activityId: string,
    readonly context: CommandContext,
  ) {}
}

/**
 * No append spans two streams: the activity is claimed for the campaign first, then the campaign takes it. A claim whose
 * campaign never took it (the process died in between) is given up to the next campaign that asks.
 */
@CommandHandler(AttachActivity)
export class AttachActivityHandler implements ICommandHandler<AttachActivity, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  async execute({ campaignId, activityId, context }: AttachActivity): Promise<Handled> {
    const { state } = await this.aggregates.load(activityAggregate, activityId);
    const activity = existingActivity(state);
    const command = attachCommand(activity);
    const campaign = await this.aggregates.load(campaignAggregate, campaignId);
    // Refused before the activity is claimed, where a rule of the campaign is against it.
    decider.decide(command, existingCampaign(campaign.state));
    await this.releaseDeadClaim(activity, campaignId, unmarked(context));
    const join = { type: 'JoinCampaign', data: { campaignId } } as const;
    await this.aggregates.handle(activityAggregate, activityId, join, unmarked(context));
    return this.aggregates.handle(campaignAggregate, campaignId, command, context);
  }

  private async releaseDeadClaim(
    { activityId, campaignId: claimedBy }: ExistingActivity,
    campaignId: string,
    context: CommandContext,
  ): Promise<void> {
    if (claimedBy === null || claimedBy === campaignId) return;
    const { state } = await this.aggregates.load(campaignAggregate, claimedBy);
    if (state.status !== 'nonexistent' && state.activities.has(activityId)) return;
    const leave = { type: 'LeaveCampaign', data: { campaignId: claimedBy } } as const;
    await this.aggregates.handle(activityAggregate, activityId, leave, context);
  }
}

function attachCommand({ activityId, kind, name, ignoresLcg, expandsAudience, databaseId }: ExistingActivity) {
  const activity = { activityId, kind, name, ignoresLcg, expandsAudience };
  return { type: 'AttachActivity', data: { activity, activityDatabaseId: databaseId } } as const;
}
