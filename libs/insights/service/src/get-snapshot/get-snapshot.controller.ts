import { ApiProblems, Roles } from '@muster/platform';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SnapshotPages } from './snapshot-pages';
import { SnapshotPageDto, SnapshotQuery } from './snapshot.dto';

@ApiTags('feed')
@Controller('feed/snapshot')
export class GetSnapshotController {
  constructor(private readonly snapshot: SnapshotPages) {}

  @Get()
  @Roles('analyst', 'marketer', 'service')
  @ApiOperation({
    summary: 'Everything as it is now, for who begins to follow the feed',
    description:
      'Segments with their members, campaigns with their status, audiences with the groups of their members, as sets. All ' +
      'pages are of one position, however long they take; the last one has the cursor with which the feed goes on.',
  })
  @ApiOkResponse({ type: SnapshotPageDto })
  @ApiProblems('CURSOR_INVALID', 'CURSOR_GONE', 'READ_MODEL_BEHIND')
  get(@Query() { limit, cursor, ...filter }: SnapshotQuery): Promise<SnapshotPageDto> {
    return this.snapshot.page(filter, limit, cursor);
  }
}
