import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { existingSegment } from '@muster/segments-domain';
import type { RangeRecord } from '@muster/segments-events';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { SegmentDefinitions } from '../segments/segment-definitions';
import { segmentAggregate } from '../segments/segment.aggregates';

/** What is left out stays as it is. */
export interface SegmentChange {
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly condition?: unknown;
  readonly range?: RangeRecord;
  readonly limit?: number | null;
}

export class ChangeSegment {
  constructor(
    readonly segmentId: string,
    readonly change: SegmentChange,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(ChangeSegment)
export class ChangeSegmentHandler implements ICommandHandler<ChangeSegment, Handled> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly definitions: SegmentDefinitions,
  ) {}

  async execute({ segmentId, change, context }: ChangeSegment): Promise<Handled> {
    const { state } = await this.aggregates.load(segmentAggregate, segmentId);
    const { databaseId, name, selection } = existingSegment(state);
    const user = { kind: 'segment', id: segmentId, name: change.name ?? name } as const;
    const conditionHash =
      change.condition === undefined
        ? selection.conditionHash
        : await this.definitions.adopt(databaseId, change.condition, user, context);
    return this.aggregates.handle(
      segmentAggregate,
      segmentId,
      {
        type: 'ChangeSegment',
        data: {
          ...(change.name !== undefined && { name: change.name }),
          ...(change.description !== undefined && { description: change.description }),
          ...(change.tags !== undefined && { tags: change.tags }),
          selection: {
            conditionHash,
            range: change.range ?? selection.range,
            limit: change.limit === undefined ? selection.limit : change.limit,
          },
        },
      },
      context,
    );
  }
}
