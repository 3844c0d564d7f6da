import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

/** Stops a build; profiles that have groups keep them. */
export class CancelBuild {
  constructor(
    readonly campaignId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(CancelBuild)
export class CancelBuildHandler implements ICommandHandler<CancelBuild, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ campaignId, context }: CancelBuild): Promise<Handled> {
    return this.aggregates.handle(campaignAggregate, campaignId, { type: 'CancelBuild', data: {} }, context);
  }
}
