import type { Aggregates, Handled } from '@muster/aggregates';
import type { SegmentKind } from '@muster/contracts';
import { derivedUuid, type CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import type { RangeRecord } from '@muster/segments-events';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { SegmentRunWorker } from '../segment-runs/segment-run.worker';
import { SegmentDefinitions } from '../segments/segment-definitions';
import { segmentAggregate } from '../segments/segment.aggregates';

export class CreateSegment {
  constructor(
    readonly segmentId: string,
    readonly data: {
      readonly databaseId: string;
      readonly name: string;
      readonly kind: SegmentKind;
      readonly description: string;
      readonly tags: readonly string[];
      readonly condition: unknown;
      readonly range: RangeRecord;
      readonly limit: number | null;
      /** Fill a static segment by its conditions at once; a dynamic one is always computed. */
      readonly fill: boolean;
    },
    readonly context: CommandContext,
  ) {}
}

export interface CreatedSegment {
  readonly handled: Handled;
  readonly runId: string | null;
}

@CommandHandler(CreateSegment)
export class CreateSegmentHandler implements ICommandHandler<CreateSegment, CreatedSegment> {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly definitions: SegmentDefinitions,
    private readonly runs: SegmentRunWorker,
  ) {}

  async execute({ segmentId, data, context }: CreateSegment): Promise<CreatedSegment> {
    const { databaseId, name, kind, description, tags, condition, range, limit, fill } = data;
    const user = { kind: 'segment', id: segmentId, name } as const;
    const conditionHash = await this.definitions.adopt(databaseId, condition, user, context);
    const firstRunId = fill || kind === 'dynamic' ? derivedUuid(`${segmentId}/first-run`) : null;
    const selection = { conditionHash, range, limit };
    const handled = await this.aggregates.handle(
      segmentAggregate,
      segmentId,
      { type: 'CreateSegment', data: { segmentId, databaseId, name, kind, description, tags, selection, firstRunId } },
      context,
    );
    if (firstRunId !== null) this.runs.wake(segmentId);
    return { handled, runId: firstRunId };
  }
}
