import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

/** Ends a campaign for good: everyone leaves it. */
export class CompleteCampaign {
  constructor(
    readonly campaignId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(CompleteCampaign)
export class CompleteCampaignHandler implements ICommandHandler<CompleteCampaign, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ campaignId, context }: CompleteCampaign): Promise<Handled> {
    return this.aggregates.handle(campaignAggregate, campaignId, { type: 'CompleteCampaign', data: {} }, context);
  }
}
