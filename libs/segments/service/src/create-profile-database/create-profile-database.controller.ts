import type { Handled } from '@muster/aggregates';
import { answer, ApiProblems, CommandContext, NewId, Roles, type Answer } from '@muster/platform';
import { Body, Controller, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOperation, ApiProperty, ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsBoolean, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import { FieldDto } from '../profiles/field.dto';
import { CreateProfileDatabase } from './create-profile-database.handler';

class CreateProfileDatabaseDto {
  @ApiProperty({ example: 'Customers', maxLength: 200 })
  @IsString()
  @MaxLength(200)
  name!: string;

  @ApiProperty({ type: [FieldDto] })
  @IsArray()
  @ArrayMaxSize(500)
  @ValidateNested({ each: true })
  @Type(() => FieldDto)
  fields!: FieldDto[];

  @ApiPropertyOptional({
    default: true,
    description: 'Whether external ids are told to subscribers of profile events.',
  })
  @IsOptional()
  @IsBoolean()
  publishExternalIds?: boolean;
}

class CreatedProfileDatabaseDto {
  @ApiProperty({ format: 'uuid' })
  databaseId!: string;
}

@ApiTags('profile databases')
@Controller('profile-databases')
export class CreateProfileDatabaseController {
  constructor(private readonly commands: CommandBus) {}

  @Post()
  @Roles('marketer')
  @ApiOperation({ summary: 'Create a profile database' })
  @ApiCreatedResponse({ type: CreatedProfileDatabaseDto })
  @ApiProblems('FIELD_INVALID')
  async create(
    @Body() { name, fields, publishExternalIds = true }: CreateProfileDatabaseDto,
    @NewId() databaseId: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<CreatedProfileDatabaseDto>> {
    const command = new CreateProfileDatabase(databaseId, { name, fields, publishExternalIds }, context);
    const handled = await this.commands.execute<CreateProfileDatabase, Handled>(command);
    return answer(handled, { databaseId }, { status: 201, location: `/profile-databases/${databaseId}` });
  }
}
