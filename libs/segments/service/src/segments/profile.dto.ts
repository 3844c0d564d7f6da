import { ApiProperty } from '@nestjs/swagger';
import type { ProfileRow } from '../profiles/profiles';

/** A profile as lists show it. */
export class ProfileDto {
  @ApiProperty({ example: 17 })
  profileNumber!: number;

  @ApiProperty({ example: 'c-17' })
  externalId!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { age: 34, balance: 1200 } })
  attributes!: Readonly<Record<string, unknown>>;
}

export function profileDto({ profileNo, externalId, attributes }: ProfileRow): ProfileDto {
  return { profileNumber: profileNo, externalId, attributes };
}
