import { ApiProperty } from '@nestjs/swagger';

/** What a command on a campaign answers; the new revision stands in `ETag`. */
export class CampaignAnswerDto {
  @ApiProperty({ format: 'uuid' })
  campaignId!: string;
}
