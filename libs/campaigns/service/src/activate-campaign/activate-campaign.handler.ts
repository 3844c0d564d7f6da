import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

/** Starts the build of the audience with the settings as they are. */
export class ActivateCampaign {
  constructor(
    readonly campaignId: string,
    readonly buildId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(ActivateCampaign)
export class ActivateCampaignHandler implements ICommandHandler<ActivateCampaign, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ campaignId, buildId, context }: ActivateCampaign): Promise<Handled> {
    return this.aggregates.handle(
      campaignAggregate,
      campaignId,
      { type: 'ActivateCampaign', data: { buildId } },
      context,
    );
  }
}
