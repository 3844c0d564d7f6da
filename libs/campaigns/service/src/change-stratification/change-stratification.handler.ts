import type { Aggregates, Handled } from '@muster/aggregates';
import type { SegmentsApi, StratificationInput } from '@muster/contracts';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES, SEGMENTS_API } from '@muster/platform';
import { campaign as decider, existingCampaign } from '@muster/campaigns-domain';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

/** Sets the strata, or puts everyone into one with `null`. */
export class ChangeStratification {
  constructor(
    readonly campaignId: string,
    readonly stratification: StratificationInput | null,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(ChangeStratification)
export class ChangeStratificationHandler implements ICommandHandler<ChangeStratification, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(SEGMENTS_API) private readonly segments: SegmentsApi,
  ) {}

  async execute({ campaignId, stratification: input, context }: ChangeStratification): Promise<Handled> {
    const { state } = await this.aggregates.load(campaignAggregate, campaignId);
    const { databaseId, name } = existingCampaign(state);
    // Refused before anything is registered, where the status does not allow it.
    decider.decide({ type: 'ChangeStratification', data: { stratification: null } }, state);
    const user = { kind: 'campaign', id: campaignId, name } as const;
    const stratification = input && (await this.segments.registerStratification(databaseId, input, user));
    const command = { type: 'ChangeStratification', data: { stratification } } as const;
    const handled = await this.aggregates.handle(campaignAggregate, campaignId, command, context);
    await this.segments.releaseFieldUses(databaseId, user, stratification);
    return handled;
  }
}
