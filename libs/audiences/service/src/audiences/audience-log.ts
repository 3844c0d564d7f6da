import type { Aggregates, Handled, LoadedBlocks } from '@muster/aggregates';
import type { AudienceBlock, AudienceCommand, AudienceHead } from '@muster/audiences-domain';
import { SYSTEM, type Clock, type RandomSource } from '@muster/kernel';
import { AGGREGATES, CLOCK, RANDOM } from '@muster/platform';
import { Inject, Injectable } from '@nestjs/common';
import { INTAKE_CONSUMER, type WorkRow } from '../intake/intake-row';
import { audienceAggregate } from './audience.aggregate';

/** The audience of one campaign as its worker sees it: commands that follow up what was filed. */
@Injectable()
export class AudienceLog {
  constructor(
    @Inject(AGGREGATES) private readonly aggregates: Aggregates,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: RandomSource,
  ) {}

  load(campaignId: string, blocks: readonly number[] = []): Promise<LoadedBlocks<AudienceHead, AudienceBlock>> {
    return this.aggregates.loadBlocks(audienceAggregate, campaignId, blocks);
  }

  async head(campaignId: string): Promise<AudienceHead> {
    return (await this.load(campaignId)).head;
  }

  /** Appends the follow-up number `n` of the row; `last` says that none comes after it. */
  followUp(
    campaignId: string,
    row: WorkRow,
    command: AudienceCommand,
    { n, last }: { readonly n: number; readonly last: boolean },
  ): Promise<Handled> {
    const { sourceStream: stream, revision, correlationId, causationId } = row;
    return this.aggregates.handleBlocks(audienceAggregate, campaignId, command, {
      actor: SYSTEM,
      correlationId,
      ...(causationId !== null && { causationId }),
      mark: { kind: 'follow-up', consumer: INTAKE_CONSUMER, source: { stream, revision, n, last } },
      now: this.clock.now(),
    });
  }

  /** For an epoch that may have to be opened. */
  seed(): string {
    return Buffer.from(this.random.bytes(16)).toString('hex');
  }
}
