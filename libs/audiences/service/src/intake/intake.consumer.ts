import type { OutgoingEvent, SegmentMembershipChanged } from '@muster/contracts';
import type { IntegrationConsumer } from '@muster/messaging';
import { crashPoint } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { AudienceWorker } from '../audience-work/audience.worker';
import { Intake } from './intake';
import { CAMPAIGN_KINDS, INTAKE_CONSUMER, SEGMENT_KINDS, type IntakeKind } from './intake-row';

const kinds = new Map<string, IntakeKind>([
  ...CAMPAIGN_KINDS.map((kind) => [`muster.campaigns.${kind}.v1`, kind] as const),
  ...SEGMENT_KINDS.map((kind) => [`muster.segments.${kind}.v1`, kind] as const),
]);

/** Files what campaigns and segments tell, and wakes the worker. */
@Injectable()
export class IntakeConsumer implements IntegrationConsumer {
  readonly name = INTAKE_CONSUMER;
  readonly subscriptions = [
    { context: 'campaigns', feed: 'lifecycle' },
    { context: 'segments', feed: 'sets' },
  ] as const;
  readonly handles = [...kinds.keys()];

  constructor(
    private readonly intake: Intake,
    private readonly worker: AudienceWorker,
  ) {}

  async handle(delivery: OutgoingEvent): Promise<void> {
    const kind = kinds.get(delivery.event.type);
    if (kind === undefined) return;
    await this.intake.file(this.name, delivery, kind, keyOf(kind, delivery.event.data));
    crashPoint('intake.after-file');
    if (kind !== 'ProfilesEnteredSegment' && kind !== 'ProfilesLeftSegment') this.worker.wake();
  }
}

/** The change of a segment, the build of an activation or cancellation, else the campaign. */
function keyOf(kind: IntakeKind, data: unknown): string {
  const { changeId, buildId, campaignId } = data as Partial<SegmentMembershipChanged> & {
    readonly buildId?: string;
    readonly campaignId?: string;
  };
  const key = changeId ?? buildId ?? campaignId;
  if (key === undefined) throw new Error(`${kind} names neither a change nor a campaign`);
  return key;
}
