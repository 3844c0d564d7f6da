import type { Aggregates, Handled } from '@muster/aggregates';
import type { LcgSettings, SegmentsApi, StratificationInput } from '@muster/contracts';
import { DomainError, type CommandContext } from '@muster/kernel';
import { AGGREGATES, SEGMENTS_API } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

export class CreateCampaign {
  constructor(
    readonly campaignId: string,
    readonly data: {
      readonly name: string;
      readonly description: string;
      readonly tags: readonly string[];
      readonly databaseId: string;
      readonly segmentId: string;
      readonly lcg: LcgSettings | null;
      readonly stratification: StratificationInput | null;
    },
    readonly context: CommandContext,
  ) {}
}

/** Registers the uses of segment and fields first: the campaign's id is known, and a use without a campaign is released. */
@CommandHandler(CreateCampaign)
export class CreateCampaignHandler implements ICommandHandler<CreateCampaign, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(SEGMENTS_API) private readonly segments: SegmentsApi,
  ) {}

  async execute({ campaignId, data, context }: CreateCampaign): Promise<Handled> {
    const { name, databaseId, segmentId } = data;
    const segment = await this.segments.segment(segmentId);
    if (segment.deleted) throw new DomainError('SEGMENT_DELETED', { detail: 'The segment is in the bin.' });
    const user = { kind: 'campaign', id: campaignId, name } as const;
    const stratification =
      data.stratification && segment.databaseId === databaseId
        ? await this.segments.registerStratification(databaseId, data.stratification, user)
        : null;
    await this.segments.registerSegmentUse(segmentId, user);
    return this.aggregates.handle(
      campaignAggregate,
      campaignId,
      {
        type: 'CreateCampaign',
        data: {
          ...data,
          campaignId,
          segmentKind: segment.kind,
          segmentDatabaseId: segment.databaseId,
          stratification,
        },
      },
      context,
    );
  }
}
