import { DomainError } from '@muster/kernel';
import { newestFirst, type Page } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { SegmentEntity, SegmentRunEntity } from './segment.entity';

export interface SegmentFilter {
  readonly databaseId?: string;
  readonly deleted: boolean;
}

/** Reads the list of segments and the log of their runs, newest first. */
@Injectable()
export class SegmentsQuery {
  constructor(
    @InjectRepository(SegmentEntity, 'segments') private readonly segments: Repository<SegmentEntity>,
    @InjectRepository(SegmentRunEntity, 'segments') private readonly runs: Repository<SegmentRunEntity>,
  ) {}

  list(filter: SegmentFilter, limit: number, cursor?: string): Promise<Page<SegmentEntity>> {
    const query = this.segments.createQueryBuilder('row').where('row.deleted = :deleted', { deleted: filter.deleted });
    if (filter.databaseId !== undefined) query.andWhere('row.databaseId = :databaseId', filter);
    return newestFirst(query, { at: 'createdAt', id: 'segmentId' }, limit, cursor);
  }

  runsOf(segmentId: string, limit: number, cursor?: string): Promise<Page<SegmentRunEntity>> {
    const query = this.runs.createQueryBuilder('row').where('row.segmentId = :segmentId', { segmentId });
    return newestFirst(query, { at: 'startedAt', id: 'runId' }, limit, cursor);
  }

  async run(segmentId: string, runId: string): Promise<SegmentRunEntity> {
    const run = await this.runs.findOneBy({ segmentId, runId });
    if (!run) throw new DomainError('NOT_FOUND', { detail: 'The segment has no such run.' });
    return run;
  }

  /** Segments with a run that is not finished: what a worker has to look at after a start. */
  async running(): Promise<readonly string[]> {
    const rows = await this.runs.find({ where: { state: 'in_progress' }, select: { segmentId: true } });
    return rows.map(({ segmentId }) => segmentId);
  }
}
