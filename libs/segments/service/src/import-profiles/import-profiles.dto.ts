import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
} from 'class-validator';
import type { ImportMode, ImportOptions } from './layout';

const DELIMITERS = { auto: 'auto', ',': ',', ';': ';', '|': '|', tab: '\t', '\t': '\t' } as const;

export class ImportProfilesQuery {
  @ApiPropertyOptional({ enum: ['insert', 'update', 'upsert'], default: 'upsert' })
  @IsIn(['insert', 'update', 'upsert'])
  mode: ImportMode = 'upsert';

  @ApiPropertyOptional({ enum: ['auto', 'csv', 'ndjson'], default: 'auto' })
  @IsIn(['auto', 'csv', 'ndjson'])
  format: ImportOptions['format'] = 'auto';

  @ApiPropertyOptional({ enum: ['auto', ',', ';', '|', 'tab'], default: 'auto' })
  @IsIn(Object.keys(DELIMITERS))
  delimiter: keyof typeof DELIMITERS = 'auto';

  @ApiPropertyOptional({ default: 'externalId', description: 'The column (or member) that holds the external id.' })
  @IsString()
  @MaxLength(200)
  externalId = 'externalId';

  @ApiPropertyOptional({ default: false, description: 'The number of the row, from 1, is the external id.' })
  @Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value))
  @IsBoolean()
  rowNumber = false;

  @ApiPropertyOptional({
    type: [String],
    example: ['Age=age', 'Home town=city'],
    description: 'Pairs column=field. Only these columns are read. Without it, columns are named as their fields.',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? [value] : value))
  @IsArray()
  @ArrayMaxSize(1000)
  @Matches(/^[^=].*=[a-zA-Z0-9_]+$/, { each: true, message: 'columns must be pairs column=field' })
  columns?: string[];

  @ApiPropertyOptional({ format: 'uuid', description: 'A static segment to be filled with the profiles of the file.' })
  @IsOptional()
  @IsUUID()
  fillSegmentId?: string;

  options(): ImportOptions {
    const pairs = this.columns?.map((pair): readonly [string, string] => {
      const at = pair.lastIndexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
    return {
      mode: this.mode,
      format: this.format,
      delimiter: DELIMITERS[this.delimiter],
      externalId: this.rowNumber ? null : this.externalId,
      columns: pairs ?? null,
    };
  }
}
