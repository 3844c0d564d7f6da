import type { Group } from '@muster/contracts';
import { PageQuery } from '@muster/platform';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { GROUPS } from '../get-audiences/audiences.dto';

export const CHANGES = ['entered', 'left', 'changed_group'] as const;

export class DifferencesQuery extends PageQuery {
  @ApiProperty({ format: 'date-time', example: '2026-03-01T00:00:00.000Z' })
  @IsString()
  @MaxLength(40)
  from!: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Absent: now.' })
  @IsOptional()
  @IsString()
  @MaxLength(40)
  to?: string;

  @ApiPropertyOptional({ enum: CHANGES })
  @IsOptional()
  @IsIn(CHANGES)
  change?: (typeof CHANGES)[number];
}

class CountsDto {
  @ApiProperty({ example: 12 })
  entered!: number;

  @ApiProperty({ example: 3 })
  left!: number;

  @ApiProperty({ example: 0 })
  changedGroup!: number;
}

export class DifferenceDto {
  @ApiProperty({ example: 4711 })
  profileNumber!: number;

  @ApiProperty({ type: String, nullable: true, example: 'c-4711' })
  externalId!: string | null;

  @ApiProperty({ enum: CHANGES })
  change!: (typeof CHANGES)[number];

  @ApiProperty({ enum: GROUPS, nullable: true, description: 'Null: no member then.' })
  before!: Group | null;

  @ApiProperty({ enum: GROUPS, nullable: true })
  after!: Group | null;
}

export class DifferencesDto {
  @ApiProperty({ type: CountsDto, description: 'Net: who left and came back into the same group is in none of them.' })
  counts!: CountsDto;

  @ApiProperty({ type: [DifferenceDto] })
  items!: DifferenceDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Null on the last page.' })
  nextCursor!: string | null;

  @ApiProperty({ example: '0000000000000000042' })
  fromPosition!: string;

  @ApiProperty({ example: '0000000000000000057' })
  toPosition!: string;
}
