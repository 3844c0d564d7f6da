import type { ActivityKind } from '@muster/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';

export const ACTIVITY_KINDS = ['broadcast', 'regular', 'triggered', 'ab_test', 'scenario', 'placement'] as const;

/** What an activity is made of, beside its profile database. */
export class ActivitySettingsDto {
  @ApiProperty({ enum: ACTIVITY_KINDS })
  @IsIn(ACTIVITY_KINDS)
  kind!: ActivityKind;

  @ApiProperty({ example: 'Spring mail', maxLength: 200 })
  @IsString()
  @MaxLength(200)
  name!: string;

  @ApiPropertyOptional({ format: 'uuid', nullable: true, type: String, description: 'Absent: the whole database.' })
  @IsOptional()
  @IsUUID()
  segmentId?: string | null;

  @ApiPropertyOptional({ default: false, description: 'Reaches the local control group too.' })
  @IsOptional()
  @IsBoolean()
  ignoresLcg?: boolean;

  @ApiPropertyOptional({ default: false, description: 'Adds whom it reaches to the audience.' })
  @IsOptional()
  @IsBoolean()
  expandsAudience?: boolean;
}
