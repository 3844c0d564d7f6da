import type { UseOf } from '@muster/contracts';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsString, MaxLength, MinLength } from 'class-validator';

/** Who uses a segment, or the fields of a profile database. */
export class UserDto implements UseOf {
  @ApiProperty({ enum: ['segment', 'campaign', 'activity', 'external'] })
  @IsIn(['segment', 'campaign', 'activity', 'external'])
  kind!: UseOf['kind'];

  @ApiProperty()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  id!: string;

  @ApiProperty()
  @IsString()
  @MaxLength(1000)
  name!: string;
}
