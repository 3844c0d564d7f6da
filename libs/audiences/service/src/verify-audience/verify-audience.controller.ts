import { verifyAudience } from '@muster/audiences-domain';
import { audienceEvents, type AudienceEvent } from '@muster/audiences-events';
import { NOTED, type EventStore } from '@muster/event-store';
import { DomainError } from '@muster/kernel';
import { ApiProblems, EVENT_STORE, Roles } from '@muster/platform';
import { Controller, Get, Inject, Param, ParseUUIDPipe } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { VerificationView } from '../get-audience/audience.dto';

@ApiTags('audiences')
@Roles('analyst', 'operator')
@Controller('audiences/:campaignId/verification')
export class VerifyAudienceController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Get()
  @ApiOperation({
    summary: 'Audits the record: assigns every batch again from its seed and compares',
    description: 'Reads the whole record of the audience: seconds for millions of profiles.',
  })
  @ApiOkResponse({ type: VerificationView })
  @ApiProblems('AUDIENCE_NOT_FOUND')
  async verification(@Param('campaignId', ParseUUIDPipe) campaignId: string): Promise<VerificationView> {
    const batches = await verifyAudience(this.record(campaignId));
    return { agrees: batches.every(({ agrees }) => agrees), batches };
  }

  private async *record(campaignId: string): AsyncGenerator<AudienceEvent> {
    let exists = false;
    for await (const stored of this.store.readStream(audienceEvents.stream(campaignId))) {
      exists = true;
      if (stored.type !== NOTED) yield audienceEvents.read(stored);
    }
    if (!exists) {
      throw new DomainError('AUDIENCE_NOT_FOUND', { detail: `The campaign ${campaignId} has no audience yet.` });
    }
  }
}
