import type { Aggregates } from '@muster/aggregates';
import { DomainError } from '@muster/kernel';
import { AGGREGATES, answer, ApiProblems, CommandContext, NewId, RawBody, Roles } from '@muster/platform';
import { Controller, Inject, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Readable } from 'node:stream';
import { existingSegment } from '@muster/segments-domain';
import { segmentAggregate } from '../segments/segment.aggregates';
import { ImportProfilesQuery } from './import-profiles.dto';
import { ImportRecords } from './import-records';
import { ImportRun } from './import-run';
import { ImportWorker } from './import.worker';
import { ImportView, viewOf } from './import-view';
import { Upload } from './upload';

@ApiTags('imports')
@Controller('profile-databases/:databaseId/imports')
export class ImportProfilesController {
  constructor(
    private readonly upload: Upload,
    private readonly records: ImportRecords,
    private readonly run: ImportRun,
    private readonly worker: ImportWorker,
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
  ) {}

  @Post()
  @Roles('marketer')
  @ApiOperation({
    summary: 'Import profiles from a file',
    description:
      'CSV (RFC 4180) or NDJSON in UTF-8, plain or gzip. Answers when the file is in; watch the import that Location names. A row that cannot be taken is rejected with its reason and stops nothing.',
  })
  @ApiConsumes('text/csv', 'application/x-ndjson', 'application/gzip', 'application/octet-stream')
  @ApiBody({ schema: { type: 'string', example: 'externalId,age,city\nc-1,42,Bergen\n' } })
  @ApiAcceptedResponse({ type: ImportView })
  @ApiProblems('DATABASE_NOT_FOUND', 'IMPORT_INVALID', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE')
  async import(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Query() query: ImportProfilesQuery,
    @RawBody() body: Readable,
    @NewId() importId: string,
    @CommandContext() context: CommandContext,
  ) {
    const { actor, correlationId } = context;
    const fillSegmentId = query.fillSegmentId ?? null;
    if (fillSegmentId !== null) await this.checkFillable(fillSegmentId, databaseId);
    const received = { importId, databaseId, options: query.options(), actor, correlationId, fillSegmentId };
    await this.upload.receive(received, body);
    const record = await this.records.get(importId);
    if (record.databaseId !== databaseId) {
      throw new DomainError('IDEMPOTENCY_KEY_REUSED', { detail: 'The key was used for another profile database.' });
    }
    const handled = await this.run.start(record);
    this.worker.wake();
    return answer(handled, viewOf(record), { status: 202, location: `/imports/${importId}` });
  }

  private async checkFillable(segmentId: string, databaseId: string): Promise<void> {
    const { state } = await this.aggregates.load(segmentAggregate, segmentId);
    const segment = existingSegment(state);
    if (segment.kind === 'static' && segment.databaseId === databaseId) return;
    throw new DomainError('IMPORT_INVALID', {
      detail: 'The segment cannot be filled by this import.',
      errors: [{ path: '/fillSegmentId', message: 'must be a static segment of the same profile database' }],
    });
  }
}
