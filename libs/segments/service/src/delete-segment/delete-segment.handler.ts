import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { segmentAggregate } from '../segments/segment.aggregates';

/** Moves a segment to the bin, where nothing depends on it. */
export class DeleteSegment {
  constructor(
    readonly segmentId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(DeleteSegment)
export class DeleteSegmentHandler implements ICommandHandler<DeleteSegment, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ segmentId, context }: DeleteSegment): Promise<Handled> {
    return this.aggregates.handle(segmentAggregate, segmentId, { type: 'DeleteSegment', data: {} }, context);
  }
}
