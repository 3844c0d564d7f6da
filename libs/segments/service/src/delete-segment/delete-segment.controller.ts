import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Controller, Delete, Param, ParseUUIDPipe } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DeleteSegment } from './delete-segment.handler';

@ApiTags('segments')
@Controller('segments')
export class DeleteSegmentController {
  constructor(private readonly commands: CommandBus) {}

  @Delete(':segmentId')
  @Roles('marketer')
  @ApiOperation({ summary: 'Move a segment to the bin' })
  @ApiNoContentResponse()
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_IN_USE', 'SEGMENT_RUN_IN_PROGRESS', 'REVISION_STALE')
  async delete(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<undefined>> {
    const handled = await this.commands.execute<DeleteSegment, Handled>(new DeleteSegment(segmentId, context));
    return answer(handled, undefined, { status: 204 });
  }
}
