import type { Aggregates } from '@muster/aggregates';
import type { CampaignCommand } from '@muster/campaigns-domain';
import type { AudienceBuilt, AudienceBuildFailed, AudienceExcluded, OutgoingEvent } from '@muster/contracts';
import { SYSTEM, type Clock } from '@muster/kernel';
import { followUpMark, type IntegrationConsumer } from '@muster/messaging';
import { AGGREGATES, CLOCK } from '@muster/platform';
import { Inject, Injectable } from '@nestjs/common';
import { campaignAggregate } from '../campaigns/campaign.aggregates';

const commands: Readonly<Record<string, (data: never) => CampaignCommand>> = {
  'muster.audiences.AudienceBuilt.v1': ({ buildId, members, control }: AudienceBuilt) => ({
    type: 'ConfirmAudienceBuilt',
    data: { buildId, members, control },
  }),
  'muster.audiences.AudienceBuildFailed.v1': ({ buildId, reason }: AudienceBuildFailed) => ({
    type: 'ReportBuildFailure',
    data: { buildId, reason },
  }),
  'muster.audiences.AudienceExcluded.v1': ({ left }: AudienceExcluded) => ({
    type: 'ConfirmAudienceExcluded',
    data: { left },
  }),
};

/** Audience built -> campaign active; excluded -> completed; a failed build is shown. */
@Injectable()
export class AudienceProgressConsumer implements IntegrationConsumer {
  readonly name = 'campaigns.audience-progress';
  readonly subscriptions = [{ context: 'audiences', feed: 'lifecycle' }] as const;
  readonly handles = Object.keys(commands);

  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async handle(delivery: OutgoingEvent): Promise<void> {
    const { event } = delivery;
    const command = commands[event.type]?.(event.data as never);
    if (!command) return;
    await this.aggregates.handle(campaignAggregate, event.subject, command, {
      actor: SYSTEM,
      correlationId: event.correlationid,
      ...(event.causationid !== undefined && { causationId: event.causationid }),
      mark: followUpMark(this.name, delivery),
      now: this.clock.now(),
    });
  }
}
