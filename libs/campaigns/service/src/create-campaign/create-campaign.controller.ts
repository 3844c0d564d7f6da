import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, NamedDto, NewId, Roles, answer, type Answer } from '@muster/platform';
import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsOptional, IsUUID, ValidateNested } from 'class-validator';
import { LcgDto, StratificationDto, lcgSettings, stratificationInput } from '../campaigns/settings.dto';
import { CreateCampaign } from './create-campaign.handler';

class CreateCampaignDto extends NamedDto {
  @ApiProperty({ format: 'uuid', description: 'Never changes.' })
  @IsUUID()
  databaseId!: string;

  @ApiProperty({ format: 'uuid', description: 'A segment of that profile database. Never changes.' })
  @IsUUID()
  segmentId!: string;

  @ApiPropertyOptional({ type: LcgDto, nullable: true, description: 'Absent or null: no local control group.' })
  @IsOptional()
  @ValidateNested()
  @Type(() => LcgDto)
  lcg?: LcgDto | null;

  @ApiPropertyOptional({ type: StratificationDto, nullable: true, description: 'Absent or null: one stratum.' })
  @IsOptional()
  @ValidateNested()
  @Type(() => StratificationDto)
  stratification?: StratificationDto | null;
}

class CreatedCampaignDto {
  @ApiProperty({ format: 'uuid' })
  campaignId!: string;
}

@ApiTags('campaigns')
@Controller('campaigns')
export class CreateCampaignController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @Roles('marketer')
  @ApiOperation({ summary: 'Create a campaign', description: 'It starts inactive.' })
  @ApiCreatedResponse({ type: CreatedCampaignDto })
  @ApiProblems(
    'CAMPAIGN_INVALID',
    'LCG_INVALID',
    'STRATIFICATION_INVALID',
    'SEGMENT_NOT_FOUND',
    'SEGMENT_DELETED',
    'CAMPAIGN_EXISTS',
  )
  async create(
    @Body() body: CreateCampaignDto,
    @NewId() campaignId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CreatedCampaignDto>> {
    const { name, description = '', tags = [], databaseId, segmentId } = body;
    const lcg = lcgSettings(body.lcg);
    const stratification = body.stratification ? stratificationInput(body.stratification) : null;
    const handled = await this.commands.execute<CreateCampaign, Handled>(
      new CreateCampaign(campaignId, { name, description, tags, databaseId, segmentId, lcg, stratification }, context),
    );
    return answer(handled, { campaignId }, { status: 201, location: `/campaigns/${campaignId}` });
  }
}
