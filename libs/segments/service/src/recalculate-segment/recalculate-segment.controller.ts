import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, NewId, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { RecalculateSegment } from './recalculate-segment.handler';

class StartedRunDto {
  @ApiProperty({ format: 'uuid' })
  segmentId!: string;

  @ApiProperty({ format: 'uuid' })
  runId!: string;
}

@ApiTags('segments')
@Controller('segments')
export class RecalculateSegmentController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':segmentId/runs')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Recalculate a segment by its conditions',
    description: 'The members become exactly those whom the conditions select now. Watch the run at `Location`.',
  })
  @ApiAcceptedResponse({ type: StartedRunDto })
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_RUN_IN_PROGRESS', 'SEGMENT_DELETED', 'REVISION_STALE')
  async recalculate(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @NewId() runId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<StartedRunDto>> {
    const handled = await this.commands.execute<RecalculateSegment, Handled>(
      new RecalculateSegment(segmentId, runId, context),
    );
    return answer(handled, { segmentId, runId }, { status: 202, location: `/segments/${segmentId}/runs/${runId}` });
  }
}
