import type { Position } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { ApiProblems, InjectProjections, ReadsModel, Roles } from '@muster/platform';
import type { Projections } from '@muster/projections';
import { Controller, Get, Headers, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProfileHistoryDto } from './profile-history.dto';
import { ProfileHistory } from './profile-history.query';

@ApiTags('insights')
@Controller('insights/profiles')
export class GetProfileHistoryController {
  constructor(
    private readonly history: ProfileHistory,
    @InjectProjections('insights') private readonly projections: Projections,
  ) {}

  @Get(':databaseId/:externalId/history')
  @Roles('analyst', 'marketer')
  @ReadsModel('insights', 'audiences')
  @ApiOperation({
    summary: 'What happened to a profile, newest first',
    description: 'Segments and campaigns entered and left, its groups and why, and changes of its attributes.',
  })
  @ApiOkResponse({ type: ProfileHistoryDto })
  @ApiProblems('DATABASE_NOT_FOUND', 'PROFILE_NOT_FOUND')
  async get(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Param('externalId') externalId: string,
    @Headers('muster-min-position') position?: string,
  ): Promise<ProfileHistoryDto> {
    await this.segmentsAt(position);
    return this.history.of(databaseId, externalId);
  }

  /** The decorator waits for the audiences; a history reads the segments' changes too. */
  private async segmentsAt(position: string | undefined): Promise<void> {
    if (position === undefined || position === '') return;
    if (await this.projections.waitFor('segments', position as Position, 2_000)) return;
    throw new DomainError('READ_MODEL_BEHIND', {
      detail: 'What was written at that position cannot be read yet. Try again in a second.',
    });
  }
}
