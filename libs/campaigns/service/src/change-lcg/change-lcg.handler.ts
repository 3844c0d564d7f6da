import type { Aggregates, Handled } from '@muster/aggregates';
import type { LcgSettings } from '@muster/contracts';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

/** Sets the local control group, or switches it off with `null`. */
export class ChangeLcg {
  constructor(
    readonly campaignId: string,
    readonly lcg: LcgSettings | null,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(ChangeLcg)
export class ChangeLcgHandler implements ICommandHandler<ChangeLcg, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ campaignId, lcg, context }: ChangeLcg): Promise<Handled> {
    return this.aggregates.handle(campaignAggregate, campaignId, { type: 'ChangeLcg', data: { lcg } }, context);
  }
}
