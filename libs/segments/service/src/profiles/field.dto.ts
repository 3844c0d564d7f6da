import { fieldTypes, type FieldDefinition, type FieldType } from '@muster/segmentation';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';

/** A field as people give it; the domain checks what the types here do not say. */
export class FieldDto implements FieldDefinition {
  @ApiProperty({ example: 'age', pattern: '^[a-z][a-zA-Z0-9_]{0,62}$' })
  @IsString()
  @MaxLength(63)
  name!: string;

  @ApiProperty({ enum: fieldTypes, example: 'integer' })
  @IsIn(fieldTypes)
  type!: FieldType;

  @ApiPropertyOptional({ description: 'No profile may lack it.' })
  @IsOptional()
  @IsBoolean()
  required?: boolean;

  @ApiPropertyOptional({ description: 'No two profiles share a value; not for lists and booleans.' })
  @IsOptional()
  @IsBoolean()
  unique?: boolean;

  @ApiPropertyOptional({
    type: 'array',
    items: { oneOf: [{ type: 'string' }, { type: 'number' }] },
    description: 'The values that a profile may have, at most 1,000.',
  })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(1000)
  allowedValues?: (string | number | boolean)[];

  @ApiPropertyOptional({ description: 'Masked for those without the right, never logged.' })
  @IsOptional()
  @IsBoolean()
  personal?: boolean;

  @ApiPropertyOptional({ example: 'Age in years' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  label?: string;
}
