import { appendsOf, setBytes } from '@muster/audiences-domain';
import { crashPoint } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { AudienceLog } from '../audiences/audience-log';
import { BuildRun } from '../build-audience/build-run';
import { SegmentFollower } from '../follow-segment/segment-follower';
import type { IntakeRow, WorkRow } from '../intake/intake-row';
import type { Attempt } from './attempt';

const ONLY = { n: 0, last: true } as const;

/** What each kind of row asks of an audience. Doing a row again changes nothing. */
@Injectable()
export class AudienceSteps {
  constructor(
    private readonly log: AudienceLog,
    private readonly build: BuildRun,
    private readonly follower: SegmentFollower,
  ) {}

  async take(campaignId: string, row: WorkRow, attempt: Attempt): Promise<void> {
    switch (row.kind) {
      case 'CampaignActivated':
        await this.build.execute(row, attempt);
        break;
      case 'CampaignBuildCancelled':
        await this.log.followUp(campaignId, row, { type: 'CancelBuild', buildId: row.payload.buildId }, ONLY);
        break;
      case 'CampaignDeactivated':
        await this.log.followUp(campaignId, row, { type: 'Pause' }, ONLY);
        break;
      case 'CampaignCompletionStarted':
        await this.exclude(campaignId, row, attempt);
        break;
      case 'SegmentMembershipChanged':
        await this.follower.execute(campaignId, row, attempt);
        break;
    }
  }

  /** Says that an attempt failed, where somebody waits for it. */
  async reportFailure(row: WorkRow, reason: string): Promise<void> {
    if (row.kind === 'CampaignActivated') await this.build.reportFailure(row, reason);
  }

  private async exclude(
    campaignId: string,
    row: IntakeRow<'CampaignCompletionStarted'>,
    attempt: Attempt,
  ): Promise<void> {
    const { blocks, excluded } = await this.log.head(campaignId);
    // a place in the list numbers the append: the list does not change any more
    const left = blocks.map((block, n) => ({ block, n })).filter(({ block }) => block > excluded.block);
    const appends = left.length === 0 ? [[]] : appendsOf(left, () => setBytes(65_536) + 1_000);
    for (const [i, append] of appends.entries()) {
      attempt.check();
      const closes = i === appends.length - 1;
      const command = { type: 'ExcludeAll', campaignId, blocks: append.map(({ block }) => block), closes } as const;
      await this.log.followUp(campaignId, row, command, { n: (append[0]?.n ?? blocks.length) + 1, last: closes });
      crashPoint('exclusion.after-append');
    }
  }
}
