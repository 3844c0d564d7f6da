import {
  APPEND_BUDGET,
  appendsOf,
  hasControlToRelease,
  needsLabels,
  planBytes,
  strataCount,
  type AudienceCommand,
  type AudienceHead,
  type RunningBuild,
  type SegmentBlock,
} from '@muster/audiences-domain';
import type { CampaignActivated, MembershipPage, MembershipRequest, SegmentsApi } from '@muster/contracts';
import { DomainError, type IdGenerator } from '@muster/kernel';
import { crashPoint, IDS, SEGMENTS_API } from '@muster/platform';
import { BLOCK_SIZE, ProfileSet } from '@muster/profile-set';
import { Inject, Injectable } from '@nestjs/common';
import type { Attempt } from '../audience-work/attempt';
import { AudienceLog } from '../audiences/audience-log';
import { Intake } from '../intake/intake';
import type { IntakeRow } from '../intake/intake-row';
import { WorkCursors } from '../intake/work-cursors';

/** Blocks of one page: about one append, and at most 12 MB at once with the page that is read ahead. */
const PAGE_BLOCKS = 16;

/** The page that follows block `after`. */
interface Page extends MembershipPage {
  readonly after: number;
}

/**
 * Carries out a build from wherever its log stands: reads the segment once, records the plan, labels it and closes. A
 * process that dies in between leaves the rest to the next attempt, with the same plan and the same groups.
 */
@Injectable()
export class BuildRun {
  constructor(
    private readonly log: AudienceLog,
    private readonly intake: Intake,
    private readonly cursors: WorkCursors,
    @Inject(SEGMENTS_API) private readonly segments: SegmentsApi,
    @Inject(IDS) private readonly ids: IdGenerator,
  ) {}

  async execute(row: IntakeRow<'CampaignActivated'>, attempt: Attempt): Promise<void> {
    const { payload } = row;
    const head = await this.log.head(payload.campaignId);
    if (head.closedBuildId === payload.buildId || (await this.isCancelled(row))) return;
    await this.cursors.startBuilding(payload.campaignId, `segmentMembers-${payload.segmentId}`);
    const build = head.build?.buildId === payload.buildId ? head.build : null;
    const isPlanned = build !== null && (build.epoch !== null || build.labelled.length > 0);
    if (!isPlanned && !(await this.plan(row, attempt, build))) return;
    crashPoint('build.after-plan');
    await this.label(row, attempt);
    crashPoint('build.before-close');
    await this.step(row, (runId) => ({ type: 'CloseBuild', runId, seed: this.log.seed() }), true);
    crashPoint('build.after-close');
  }

  /** False where the build was cancelled meanwhile. */
  private async plan(
    row: IntakeRow<'CampaignActivated'>,
    attempt: Attempt,
    build: RunningBuild | null,
  ): Promise<boolean> {
    let page = (build && (await this.resumedPage(row, build))) ?? (await this.start(row));
    const { campaignId, stratification } = row.payload;
    const strata = strataCount(stratification);
    const { blocks: held } = await this.log.head(campaignId);
    for (;;) {
      const next = page.nextAfter === null ? null : this.page(row.payload, page.revision, page.nextAfter);
      // heard here, so that it does not end the process before it is awaited
      next?.catch(() => undefined);
      for (const blocks of appendsOf(segmentBlocks(page, held), (block) => bytesOf(block, held, strata))) {
        attempt.check();
        await this.step(row, (runId) => ({ type: 'PlanBlocks', runId, blocks }));
        crashPoint('build.after-plan-chunk');
      }
      if (await this.isCancelled(row)) return false;
      if (!next) return true;
      page = await next;
    }
  }

  private async start(row: IntakeRow<'CampaignActivated'>): Promise<Page> {
    const { buildId, ...settings } = settingsOf(row.payload);
    await this.segments.prepareMembership(settings.segmentId, buildId);
    const page = await this.page(row.payload);
    const runId = this.ids.next();
    const command = { type: 'StartBuild', ...settings, buildId, runId, segmentRevision: page.revision } as const;
    await this.followUp(row, command);
    crashPoint('build.after-start');
    return page;
  }

  /** `null` where the segment cannot be read at the plan's revision any more: the plan is void. */
  private async resumedPage(row: IntakeRow<'CampaignActivated'>, build: RunningBuild): Promise<Page | null> {
    try {
      return await this.page(row.payload, build.segmentRevision, build.planned.at(-1));
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'SEGMENT_REVISION_GONE') throw error;
      await this.step(row, (runId) => ({ type: 'AbandonRun', runId }));
      return null;
    }
  }

  private async page(
    { segmentId, stratification }: CampaignActivated,
    atRevision?: number,
    after?: number,
  ): Promise<Page> {
    const request: MembershipRequest = {
      segmentId,
      limit: PAGE_BLOCKS,
      ...(atRevision !== undefined && { atRevision }),
      ...(after !== undefined && { after }),
      ...(stratification && { stratificationHash: stratification.hash }),
    };
    return { ...(await this.segments.membership(request)), after: after ?? -1 };
  }

  private async label(row: IntakeRow<'CampaignActivated'>, attempt: Attempt): Promise<void> {
    const { campaignId } = row.payload;
    const budget = APPEND_BUDGET;
    while (needsLabels(await this.log.head(campaignId))) {
      attempt.check();
      await this.step(row, (runId) => ({ type: 'LabelBuild', runId, seed: this.log.seed(), budget }));
      crashPoint('build.after-label-chunk');
    }
    while (hasControlToRelease(await this.log.head(campaignId))) {
      attempt.check();
      await this.step(row, (runId) => ({ type: 'ReleaseControl', runId, budget }));
      crashPoint('build.after-release-chunk');
    }
  }

  private async step(
    row: IntakeRow<'CampaignActivated'>,
    command: (runId: string) => AudienceCommand,
    last = false,
  ): Promise<void> {
    const head = await this.log.head(row.payload.campaignId);
    if (!head.build) throw new Error('the build is not in progress any more');
    await this.followUp(row, command(head.build.runId), last, head);
  }

  private async followUp(
    row: IntakeRow<'CampaignActivated'>,
    command: AudienceCommand,
    last = false,
    known?: AudienceHead,
  ): Promise<void> {
    const { campaignId, buildId } = row.payload;
    const head = known ?? (await this.log.head(campaignId));
    await this.log.followUp(campaignId, row, command, { n: stepOf(head, buildId), last });
  }

  /** Says that an attempt failed; the build goes on with the next one. */
  async reportFailure(row: IntakeRow<'CampaignActivated'>, reason: string): Promise<void> {
    const { campaignId, buildId } = row.payload;
    await this.followUp(row, { type: 'ReportBuildFailure', campaignId, buildId, reason });
  }

  private isCancelled({ sourceStream, payload }: IntakeRow<'CampaignActivated'>): Promise<boolean> {
    return this.intake.isCancelled(sourceStream, payload.buildId);
  }
}

/** The events of a build number its appends: each leads to one at least. */
function stepOf(head: AudienceHead, buildId: string): number {
  return head.lastBuildId === buildId ? head.buildSteps : 0;
}

function settingsOf({ campaignId, buildId, databaseId, segmentId, lcg, stratification }: CampaignActivated) {
  return { campaignId, buildId, databaseId, segmentId, lcg, stratification };
}

/** The page's blocks and those between them where only the audience has members. */
function segmentBlocks({ blocks, after, nextAfter }: Page, held: readonly number[]): SegmentBlock[] {
  const found = new Map<number, SegmentBlock>(
    held
      .filter((block) => block > after && block <= (nextAfter ?? Infinity))
      .map((block) => [block, { block, members: ProfileSet.empty() }]),
  );
  for (const { block, members, codes } of blocks) {
    found.set(block, { block, members: ProfileSet.decode(members), ...(codes && { codes }) });
  }
  return [...found.values()].sort((a, b) => a.block - b.block);
}

/** Nobody can leave a block that the audience has no members in. */
function bytesOf({ block, members }: SegmentBlock, held: readonly number[], strata: number): number {
  return planBytes(members.size, held.includes(block) ? BLOCK_SIZE : 0, strata);
}
