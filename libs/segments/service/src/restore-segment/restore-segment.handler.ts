import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { segmentAggregate } from '../segments/segment.aggregates';

/** Takes a segment out of the bin. */
export class RestoreSegment {
  constructor(
    readonly segmentId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(RestoreSegment)
export class RestoreSegmentHandler implements ICommandHandler<RestoreSegment, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ segmentId, context }: RestoreSegment): Promise<Handled> {
    return this.aggregates.handle(segmentAggregate, segmentId, { type: 'RestoreSegment', data: {} }, context);
  }
}
