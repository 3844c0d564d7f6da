import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

/** Pauses a campaign; every profile keeps its group. */
export class DeactivateCampaign {
  constructor(
    readonly campaignId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(DeactivateCampaign)
export class DeactivateCampaignHandler implements ICommandHandler<DeactivateCampaign, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ campaignId, context }: DeactivateCampaign): Promise<Handled> {
    return this.aggregates.handle(campaignAggregate, campaignId, { type: 'DeactivateCampaign', data: {} }, context);
  }
}
