import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

export interface DescribeCampaignData {
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
}

/** Changes name, description and tags; what is left out stays. */
export class DescribeCampaign {
  constructor(
    readonly campaignId: string,
    readonly data: DescribeCampaignData,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(DescribeCampaign)
export class DescribeCampaignHandler implements ICommandHandler<DescribeCampaign, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ campaignId, data, context }: DescribeCampaign): Promise<Handled> {
    return this.aggregates.handle(campaignAggregate, campaignId, { type: 'DescribeCampaign', data }, context);
  }
}
