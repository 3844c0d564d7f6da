import type { Aggregates } from '@muster/aggregates';
import { AGGREGATES } from '@muster/platform';
import { existingSegment } from '@muster/segments-domain';
import { Inject, Injectable } from '@nestjs/common';
import { Conditions } from '../segments/conditions';
import { rangeInPercent } from '../segments/selection.dto';
import { segmentAggregate, segmentMembersAggregate } from '../segments/segment.aggregates';
import type { SegmentDto } from './segments.dto';

/** One segment as it is now, from its own streams. */
@Injectable()
export class SegmentDetails {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    private readonly conditions: Conditions,
  ) {}

  async of(segmentId: string): Promise<{ readonly revision: number; readonly segment: SegmentDto }> {
    const { state, revision } = await this.aggregates.load(segmentAggregate, segmentId);
    const { selection, users, run, state: life, ...segment } = existingSegment(state);
    const { head } = await this.aggregates.loadBlocks(segmentMembersAggregate, segmentId, []);
    return {
      revision,
      segment: {
        segmentId,
        databaseId: segment.databaseId,
        name: segment.name,
        kind: segment.kind,
        description: segment.description,
        tags: [...segment.tags],
        condition: await this.conditions.load(selection.conditionHash),
        range: rangeInPercent(selection.range),
        limit: selection.limit,
        count: head.count,
        calculated: segment.calculated,
        run: run && { runId: run.runId, cause: run.cause },
        deleted: life === 'deleted',
        usedBy: [...users.values()],
      },
    };
  }
}
