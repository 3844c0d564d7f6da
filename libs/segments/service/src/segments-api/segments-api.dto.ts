import type { StratificationInput } from '@muster/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { UserDto } from '../segments/user.dto';

/** Any text: whether it is the hash of a known stratification, the answer says. */
const MOST_HASH = 200;
const MOST_BLOCKS = 64;

export class PreparationDto {
  @ApiProperty({ description: 'One evaluation for each, however often it is asked for.' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  requestId!: string;
}

export class MembershipQuery {
  @ApiPropertyOptional({ description: 'That of the first page; absent in the first one.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(-1)
  atRevision?: number;

  @ApiPropertyOptional({ description: 'Blocks above this one.' })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(-1)
  after?: number;

  @ApiProperty({ minimum: 1, maximum: MOST_BLOCKS })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_BLOCKS)
  limit!: number;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(MOST_HASH)
  stratificationHash?: string;
}

class BucketOfInputDto {
  @IsOptional()
  @IsString()
  label?: string;

  @IsOptional()
  @IsArray()
  values?: (string | number | boolean)[];

  @IsOptional()
  from?: number | string;

  @IsOptional()
  to?: number | string;
}

class FieldOfInputDto {
  @IsString()
  field!: string;

  @IsArray()
  @ArrayMaxSize(1000)
  @ValidateNested({ each: true })
  @Type(() => BucketOfInputDto)
  buckets!: BucketOfInputDto[];
}

/** Its shape; whether it is a stratification of this database, the answer says. */
class StratificationInputDto implements StratificationInput {
  @IsArray()
  @ArrayMaxSize(100)
  @ValidateNested({ each: true })
  @Type(() => FieldOfInputDto)
  fields!: FieldOfInputDto[];
}

export class RegisterStratificationDto {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'As campaigns are given it.' })
  @ValidateNested()
  @Type(() => StratificationInputDto)
  input!: StratificationInputDto;

  @ApiProperty({ type: UserDto })
  @ValidateNested()
  @Type(() => UserDto)
  user!: UserDto;
}

class StratificationReferenceDto {
  @ApiProperty()
  @IsString()
  @MaxLength(MOST_HASH)
  hash!: string;

  @ApiProperty({ type: [String] })
  @IsArray()
  @IsString({ each: true })
  strata!: string[];
}

export class ReleaseFieldUsesDto {
  @ApiProperty({ type: UserDto })
  @ValidateNested()
  @Type(() => UserDto)
  user!: UserDto;

  @ApiProperty({ type: StratificationReferenceDto, nullable: true })
  @IsOptional()
  @ValidateNested()
  @Type(() => StratificationReferenceDto)
  keep!: StratificationReferenceDto | null;
}
