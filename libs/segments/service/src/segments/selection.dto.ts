import { DomainError } from '@muster/kernel';
import type { RangeRecord } from '@muster/segments-events';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsNumber, IsObject, IsOptional, Max, Min, ValidateNested } from 'class-validator';

export const CONDITION_EXAMPLE = {
  all: [
    { field: 'age', op: 'between', value: { from: 25, to: 60 } },
    { field: 'balance', op: 'gt', value: 0 },
    { field: 'in_default', op: 'eq', value: false },
  ],
};

export class RangeDto {
  @ApiProperty({ minimum: 0, maximum: 100, example: 0, description: 'Percent, two decimals at most; included.' })
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  @Max(100)
  from!: number;

  @ApiProperty({ minimum: 0, maximum: 100, example: 50, description: 'Percent, two decimals at most; not included.' })
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  @Max(100)
  to!: number;
}

/** What is selected: condition, then range, then limit. */
export class SelectionDto {
  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: CONDITION_EXAMPLE,
    description: 'A condition script; absent or null: every profile inside the range.',
  })
  @IsOptional()
  @IsObject()
  condition?: Record<string, unknown> | null;

  @ApiPropertyOptional({
    type: RangeDto,
    description: 'A stable share of the profiles: equal ranges select the same ones, disjoint ranges never overlap.',
  })
  @IsOptional()
  @ValidateNested()
  @Type(() => RangeDto)
  range?: RangeDto;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 1,
    description: 'At most so many; which ones is stable.',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  limit?: number | null;
}

export const WHOLE_RANGE: RangeRecord = { from: 0, to: 10_000 };

/** Hundredths of a percent; refuses an empty range. */
export function rangeRecord(range: RangeDto | undefined): RangeRecord {
  if (!range) return WHOLE_RANGE;
  const record = { from: Math.round(range.from * 100), to: Math.round(range.to * 100) };
  if (record.from < record.to) return record;
  throw new DomainError('SEGMENT_INVALID', {
    detail: 'The range is empty.',
    errors: [{ path: '/range', message: 'must hold 0 <= from < to <= 100' }],
  });
}

export function rangeInPercent(range: RangeRecord): RangeDto {
  return { from: range.from / 100, to: range.to / 100 };
}
