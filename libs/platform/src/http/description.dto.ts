import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, MaxLength, IsString } from 'class-validator';

/** Description and tags of what people name: both may be left out. */
export class NotesDto {
  @ApiPropertyOptional({ maxLength: 4000 })
  @IsOptional()
  @MaxLength(4000)
  @IsString()
  description?: string;

  @ApiPropertyOptional({ type: [String], example: ['spring'] })
  @IsOptional()
  @ArrayMaxSize(50)
  @MaxLength(100, { each: true })
  @IsString({ each: true })
  @IsArray()
  tags?: string[];
}

/** For creating what has a name. */
export class NamedDto extends NotesDto {
  @ApiProperty({ example: 'Spring offers', maxLength: 200 })
  @MaxLength(200)
  @IsString()
  name!: string;
}

/** For changing it: what is left out stays as it is. */
export class RenamedDto extends NotesDto {
  @ApiPropertyOptional({ maxLength: 200 })
  @IsOptional()
  @MaxLength(200)
  @IsString()
  name?: string;
}
