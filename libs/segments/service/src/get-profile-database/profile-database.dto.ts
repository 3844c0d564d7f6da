import { ApiProperty } from '@nestjs/swagger';
import { FieldDto } from '../profiles/field.dto';
import { ProfileDatabaseSummary } from '../read-models/profile-databases/profile-databases.query';
import { ProfileDto } from '../segments/profile.dto';
import { UserDto } from '../segments/user.dto';

export class ProfileDatabasePage {
  @ApiProperty({ type: [ProfileDatabaseSummary] }) items!: readonly ProfileDatabaseSummary[];
  @ApiProperty({ nullable: true, type: String }) nextCursor!: string | null;
}

class UseDto {
  @ApiProperty() user!: UserDto;
  @ApiProperty({ type: [String], description: 'The fields it uses; it may use the database and none of them.' })
  fields!: string[];
}

/** A profile database with its fields. */
export class ProfileDatabaseDto {
  @ApiProperty({ format: 'uuid' }) databaseId!: string;
  @ApiProperty() name!: string;
  @ApiProperty() publishExternalIds!: boolean;
  @ApiProperty({ type: [FieldDto] }) fields!: readonly Omit<FieldDto, 'allowedValues'>[];
  @ApiProperty({ type: [UseDto] }) uses!: readonly UseDto[];
  @ApiProperty({ description: 'Whether an import is running.' }) importing!: boolean;
}

export class ProfilePage {
  @ApiProperty({ type: [ProfileDto] }) items!: readonly ProfileDto[];
  @ApiProperty({ nullable: true, type: String }) nextCursor!: string | null;
}

class FieldValueDto {
  @ApiProperty({ nullable: true, description: '`null`: profiles without a value.' }) value!: unknown;
  @ApiProperty() count!: number;
}

export class FieldValuesDto {
  @ApiProperty({ type: [FieldValueDto], description: 'The most frequent first; 100 at most.' })
  values!: readonly FieldValueDto[];
  @ApiProperty({ description: 'There are more than are listed.' }) more!: boolean;
  @ApiProperty({ nullable: true, description: 'The smallest value; of numbers, dates and date-times.' }) min!: unknown;
  @ApiProperty({ nullable: true, description: 'The largest value; of numbers, dates and date-times.' }) max!: unknown;
}
