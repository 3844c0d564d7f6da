import type { LcgSettings, StratificationInput } from '@muster/contracts';
import { DomainError } from '@muster/kernel';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';

export class LcgDto {
  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 0,
    maximum: 100,
    example: 15,
    description: 'Share of the local control group in percent, two decimals at most.',
  })
  @IsOptional()
  @IsNumber({ maxDecimalPlaces: 2 })
  @Min(0)
  @Max(100)
  percent?: number | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 0,
    description: 'An exact number of control profiles; with a percent too, the smaller of both holds.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  count?: number | null;
}

export class BucketDto {
  @ApiPropertyOptional({ example: 'settled' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;

  @ApiPropertyOptional({
    type: 'array',
    items: { oneOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
    example: ['married'],
    description: 'The values of a list bucket.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10_000)
  values?: (string | number | boolean)[];

  @ApiPropertyOptional({
    oneOf: [{ type: 'number' }, { type: 'string' }],
    description: 'Lower end of a range, included; absent: no lower end.',
  })
  @IsOptional()
  from?: number | string;

  @ApiPropertyOptional({
    oneOf: [{ type: 'number' }, { type: 'string' }],
    description: 'Upper end of a range, not included; absent: no upper end.',
  })
  @IsOptional()
  to?: number | string;
}

export class StratificationFieldDto {
  @ApiProperty({ example: 'marital' })
  @IsString()
  @MaxLength(100)
  field!: string;

  @ApiProperty({ type: [BucketDto], description: 'They may not overlap; who fits none is in the residual stratum.' })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  @Type(() => BucketDto)
  buckets!: BucketDto[];
}

export class StratificationDto {
  @ApiProperty({
    type: [StratificationFieldDto],
    example: [
      { field: 'marital', buckets: [{ values: ['married'] }, { values: ['single', 'divorced'] }] },
      { field: 'age', buckets: [{ to: 40 }, { from: 40 }] },
    ],
  })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  @ValidateNested({ each: true })
  @Type(() => StratificationFieldDto)
  fields!: StratificationFieldDto[];
}

/** Basis points are exact: 15.01 % is 1501, whatever the float says. */
export function lcgSettings(lcg: LcgDto | null | undefined): LcgSettings | null {
  if (!lcg) return null;
  const { percent = null, count = null } = lcg;
  return { basisPoints: percent === null ? null : Math.round(percent * 100), count };
}

export function lcgDto(lcg: LcgSettings | null): LcgDto | null {
  return lcg && { percent: lcg.basisPoints === null ? null : lcg.basisPoints / 100, count: lcg.count };
}

/** Each bucket has values or a range, not both: the rest is checked where the fields are known. */
export function stratificationInput({ fields }: StratificationDto): StratificationInput {
  const errors = fields.flatMap(({ buckets }, field) =>
    buckets.flatMap((bucket, index) =>
      (bucket.values !== undefined) === (bucket.from !== undefined || bucket.to !== undefined)
        ? [
            {
              path: `/stratification/fields/${String(field)}/buckets/${String(index)}`,
              message: 'must have either values or a range (from, to or both)',
            },
          ]
        : [],
    ),
  );
  if (errors.length > 0) {
    throw new DomainError('STRATIFICATION_INVALID', { detail: 'Some buckets are not valid.', errors });
  }
  return { fields };
}
