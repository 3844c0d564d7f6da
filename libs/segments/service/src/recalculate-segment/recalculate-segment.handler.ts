import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { SegmentRunWorker } from '../segment-runs/segment-run.worker';
import { segmentAggregate } from '../segments/segment.aggregates';

/** Starts a run: the members become exactly those whom the conditions select now. */
export class RecalculateSegment {
  constructor(
    readonly segmentId: string,
    readonly runId: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(RecalculateSegment)
export class RecalculateSegmentHandler implements ICommandHandler<RecalculateSegment, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly runs: SegmentRunWorker,
  ) {}

  async execute({ segmentId, runId, context }: RecalculateSegment): Promise<Handled> {
    const command = { type: 'StartRun', data: { runId, cause: 'conditions' } } as const;
    const handled = await this.aggregates.handle(segmentAggregate, segmentId, command, context);
    this.runs.wake(segmentId);
    return handled;
  }
}
