import type { Aggregates, Handled } from '@muster/aggregates';
import { unmarked, type CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { activityAggregate, campaignAggregate } from '../campaigns/campaign.aggregates';

/** Takes an activity out of a campaign. */
export class DetachActivity {
  constructor(
    readonly campaignId: string,
    readonly activityId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(DetachActivity)
export class DetachActivityHandler implements ICommandHandler<DetachActivity, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  async execute({ campaignId, activityId, context }: DetachActivity): Promise<Handled> {
    const detach = { type: 'DetachActivity', data: { activityId } } as const;
    const handled = await this.aggregates.handle(campaignAggregate, campaignId, detach, context);
    const leave = { type: 'LeaveCampaign', data: { campaignId } } as const;
    await this.aggregates.handle(activityAggregate, activityId, leave, unmarked(context));
    return handled;
  }
}
