import type { Aggregates, Handled } from '@muster/aggregates';
import type { ActivityKind, SegmentsApi } from '@muster/contracts';
import { DomainError, type CommandContext } from '@muster/kernel';
import { AGGREGATES, SEGMENTS_API } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { activityAggregate } from '../campaigns/campaign.aggregates';

export class CreateActivity {
  constructor(
    readonly activityId: string,
    readonly data: {
      readonly kind: ActivityKind;
      readonly name: string;
      readonly databaseId: string;
      readonly segmentId: string | null;
      readonly ignoresLcg: boolean;
      readonly expandsAudience: boolean;
    },
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(CreateActivity)
export class CreateActivityHandler implements ICommandHandler<CreateActivity, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(SEGMENTS_API) private readonly segments: SegmentsApi,
  ) {}

  async execute({ activityId, data, context }: CreateActivity): Promise<Handled> {
    await this.segments.database(data.databaseId);
    if (data.segmentId !== null) await this.registerSegmentUse(activityId, data.segmentId, data);
    const command = { type: 'CreateActivity', data: { activityId, ...data } } as const;
    return this.aggregates.handle(activityAggregate, activityId, command, context);
  }

  private async registerSegmentUse(
    activityId: string,
    segmentId: string,
    { databaseId, name }: CreateActivity['data'],
  ): Promise<void> {
    const segment = await this.segments.segment(segmentId);
    if (segment.databaseId !== databaseId) {
      throw new DomainError('ACTIVITY_INVALID', {
        detail: 'The segment belongs to another profile database than the activity.',
        errors: [{ path: '/segmentId', message: `must be a segment of the profile database ${databaseId}` }],
      });
    }
    await this.segments.registerSegmentUse(segmentId, { kind: 'activity', id: activityId, name });
  }
}
