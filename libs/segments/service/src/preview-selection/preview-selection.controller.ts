import { ApiProblems, CLOCK, Roles } from '@muster/platform';
import type { Clock } from '@muster/kernel';
import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { ProfileDto } from '../segments/profile.dto';
import { SegmentDefinitions } from '../segments/segment-definitions';
import { SegmentSelection, type Preview } from '../segments/segment-selection';
import { SelectionDto, rangeRecord } from '../segments/selection.dto';

class PreviewDto extends SelectionDto {
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  databaseId!: string;
}

class PreviewAnswerDto {
  @ApiProperty({ example: 12_345 })
  count!: number;

  @ApiProperty({ type: [ProfileDto], description: 'The first 100 by profile number.' })
  profiles!: ProfileDto[];
}

@ApiTags('segments')
@Controller('segments')
export class PreviewSelectionController {
  constructor(
    private readonly selection: SegmentSelection,
    private readonly definitions: SegmentDefinitions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post('preview')
  @HttpCode(200)
  @Roles('marketer', 'analyst')
  @ApiOperation({
    summary: 'Preview a selection',
    description: 'The count is what a save and a use would give at the same instant. Nothing is stored.',
  })
  @ApiOkResponse({ type: PreviewAnswerDto })
  @ApiProblems('CONDITION_INVALID', 'SEGMENT_INVALID', 'DATABASE_NOT_FOUND')
  async preview(@Body() { databaseId, condition, range, limit = null }: PreviewDto): Promise<Preview> {
    const checked = await this.definitions.check(databaseId, condition);
    const selection = { condition: checked, range: rangeRecord(range), limit };
    return this.selection.preview(databaseId, selection, this.clock.now());
  }
}
