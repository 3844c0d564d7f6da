import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { RestoreSegment } from './restore-segment.handler';

class RestoredSegmentDto {
  @ApiProperty({ format: 'uuid' })
  segmentId!: string;
}

@ApiTags('segments')
@Controller('segments')
export class RestoreSegmentController {
  constructor(private readonly commands: CommandBus) {}

  @Post(':segmentId/restoration')
  @Roles('marketer')
  @ApiOperation({ summary: 'Take a segment out of the bin' })
  @ApiOkResponse({ type: RestoredSegmentDto })
  @ApiProblems('SEGMENT_NOT_FOUND', 'REVISION_STALE')
  async restore(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<RestoredSegmentDto>> {
    const handled = await this.commands.execute<RestoreSegment, Handled>(new RestoreSegment(segmentId, context));
    return answer(handled, { segmentId });
  }
}
