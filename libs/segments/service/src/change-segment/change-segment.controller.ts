import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, RenamedDto, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Param, ParseUUIDPipe, Patch } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags, IntersectionType } from '@nestjs/swagger';
import { SelectionDto, rangeRecord } from '../segments/selection.dto';
import { ChangeSegment } from './change-segment.handler';

class ChangeSegmentDto extends IntersectionType(RenamedDto, SelectionDto) {}

class ChangedSegmentDto {
  @ApiProperty({ format: 'uuid' })
  segmentId!: string;
}

@ApiTags('segments')
@Controller('segments')
export class ChangeSegmentController {
  constructor(private readonly commands: CommandBus) {}

  @Patch(':segmentId')
  @Roles('marketer')
  @ApiOperation({
    summary: 'Change a segment',
    description: 'Members left out stay as they are. A changed selection takes effect at the next run.',
  })
  @ApiOkResponse({ type: ChangedSegmentDto })
  @ApiProblems('SEGMENT_NOT_FOUND', 'SEGMENT_INVALID', 'CONDITION_INVALID', 'SEGMENT_DELETED', 'REVISION_STALE')
  async change(
    @Param('segmentId', ParseUUIDPipe) segmentId: string,
    @Body() body: ChangeSegmentDto,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<ChangedSegmentDto>> {
    const { range, ...rest } = body;
    const change = { ...rest, ...(range && { range: rangeRecord(range) }) };
    const handled = await this.commands.execute<ChangeSegment, Handled>(new ChangeSegment(segmentId, change, context));
    return answer(handled, { segmentId });
  }
}
