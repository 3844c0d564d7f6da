import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, NewId, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { ActivitySettingsDto } from '../campaigns/activity.dto';
import { CreateActivity } from './create-activity.handler';

class CreateActivityDto extends ActivitySettingsDto {
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  databaseId!: string;
}

class CreatedActivityDto {
  @ApiProperty({ format: 'uuid' })
  activityId!: string;
}

@ApiTags('activities')
@Controller('activities')
export class CreateActivityController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @Roles('marketer')
  @ApiOperation({ summary: 'Create an activity', description: 'A draft that belongs to no campaign yet.' })
  @ApiCreatedResponse({ type: CreatedActivityDto })
  @ApiProblems('ACTIVITY_INVALID', 'DATABASE_NOT_FOUND', 'SEGMENT_NOT_FOUND', 'ACTIVITY_EXISTS')
  async create(
    @Body() body: CreateActivityDto,
    @NewId() activityId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CreatedActivityDto>> {
    const { kind, name, databaseId, segmentId = null, ignoresLcg = false, expandsAudience = false } = body;
    const data = { kind, name, databaseId, segmentId, ignoresLcg, expandsAudience };
    const handled = await this.commands.execute<CreateActivity, Handled>(new CreateActivity(activityId, data, context));
    return answer(handled, { activityId }, { status: 201, location: `/activities/${activityId}` });
  }
}
