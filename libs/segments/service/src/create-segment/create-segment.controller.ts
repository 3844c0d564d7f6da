import { ApiProblems, CommandContext, NamedDto, NewId, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import {
  ApiCreatedResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
  IntersectionType,
} from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsUUID } from 'class-validator';
import { SelectionDto, rangeRecord } from '../segments/selection.dto';
import { CreateSegment, type CreatedSegment } from './create-segment.handler';

class CreateSegmentDto extends IntersectionType(NamedDto, SelectionDto) {
  @ApiProperty({ format: 'uuid', description: 'Never changes.' })
  @IsUUID()
  databaseId!: string;

  @ApiProperty({ enum: ['static', 'dynamic'] })
  @IsIn(['static', 'dynamic', 'scheduled'])
  kind!: 'static' | 'dynamic' | 'scheduled';

  @ApiPropertyOptional({ description: 'Fill a static segment by its conditions at once.', default: false })
  @IsOptional()
  @IsBoolean()
  fill?: boolean;
}

class CreatedSegmentDto {
  @ApiProperty({ format: 'uuid' })
  segmentId!: string;

  @ApiProperty({ format: 'uuid', nullable: true, type: String, description: 'The first run, where one was started.' })
  runId!: string | null;
}

@ApiTags('segments')
@Controller('segments')
export class CreateSegmentController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @Roles('marketer')
  @ApiOperation({ summary: 'Create a segment' })
  @ApiCreatedResponse({ type: CreatedSegmentDto })
  @ApiProblems('SEGMENT_INVALID', 'CONDITION_INVALID', 'DATABASE_NOT_FOUND', 'SEGMENT_EXISTS')
  async create(
    @Body() body: CreateSegmentDto,
    @NewId() segmentId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CreatedSegmentDto>> {
    const { databaseId, name, kind, description = '', tags = [], condition, limit = null, fill = false } = body;
    const range = rangeRecord(body.range);
    const { handled, runId } = await this.commands.execute<CreateSegment, CreatedSegment>(
      new CreateSegment(
        segmentId,
        { databaseId, name, kind, description, tags, condition, range, limit, fill },
        context,
      ),
    );
    return answer(handled, { segmentId, runId }, { status: 201, location: `/segments/${segmentId}` });
  }
}
