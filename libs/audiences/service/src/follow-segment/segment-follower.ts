import { appendsOf, blockBytes, strataCount, type AudienceBlock, type AudienceHead } from '@muster/audiences-domain';
import type { SegmentsApi } from '@muster/contracts';
import { crashPoint, SEGMENTS_API } from '@muster/platform';
import { ProfileSet } from '@muster/profile-set';
import { Inject, Injectable } from '@nestjs/common';
import type { Attempt } from '../audience-work/attempt';
import { AudienceLog } from '../audiences/audience-log';
import { Intake } from '../intake/intake';
import type { IntakeRow } from '../intake/intake-row';
import { StagedChanges, type StagedChange } from './staged-changes';

/** Profiles whose strata are asked for in one call. */
const STRATA_BATCH = 100_000;

type Blocks = ReadonlyMap<number, AudienceBlock>;

/** Brings one change of the segment into an active audience: one batch of arrivals, whatever its size. */
@Injectable()
export class SegmentFollower {
  constructor(
    private readonly log: AudienceLog,
    private readonly intake: Intake,
    private readonly staged: StagedChanges,
    @Inject(SEGMENTS_API) private readonly segments: SegmentsApi,
  ) {}

  async execute(campaignId: string, row: IntakeRow<'SegmentMembershipChanged'>, attempt: Attempt): Promise<void> {
    const { head } = await this.log.load(campaignId);
    if (head.status !== 'active' || head.build || head.segmentRevision >= row.revision) return;
    const known = await this.staged.find(campaignId, row.sourceStream, row.revision);
    const change = known ?? (await this.prepare(campaignId, row));
    const appends = this.appends(change, head, row.revision);
    // what several appends decide from must be the same after a crash between them
    if (appends.length > 1 && !known) await this.staged.keep(campaignId, row.sourceStream, row.revision, change);
    for (const [i, blocks] of appends.entries()) {
      attempt.check();
      crashPoint('change.before-append');
      await this.append(campaignId, row, change, blocks, i === appends.length - 1);
      crashPoint('change.after-append');
    }
  }

  /** Who enters and who leaves, as the audience stands before the change, and the strata of those who enter. */
  private async prepare(campaignId: string, row: IntakeRow<'SegmentMembershipChanged'>): Promise<StagedChange> {
    const { entered, left } = await this.sets(row);
    const { head, blocks } = await this.log.load(campaignId, [...new Set([...entered.blocks(), ...left.blocks()])]);
    const newcomers = entered.difference(within(entered, blocks));
    return { newcomers, codes: await this.codesOf(newcomers, head), leavers: within(left, blocks) };
  }

  private async sets({ sourceStream, payload }: IntakeRow<'SegmentMembershipChanged'>) {
    const parts = await this.intake.parts(sourceStream, payload.changeId);
    const union = (kind: (typeof parts)[number]['kind']) =>
      ProfileSet.unionOf(
        parts.filter((part) => part.kind === kind).map((part) => ProfileSet.decodeBase64(part.payload.profiles)),
      );
    const [entered, left] = [union('ProfilesEnteredSegment'), union('ProfilesLeftSegment')];
    if (entered.size !== payload.added || left.size !== payload.removed) {
      throw new Error(
        `the sets of change ${payload.changeId} hold ${String(entered.size)} and ${String(left.size)} profiles, ` +
          `not ${String(payload.added)} and ${String(payload.removed)}`,
      );
    }
    return { entered, left };
  }

  private async codesOf(newcomers: ProfileSet, { databaseId, epoch }: AudienceHead): Promise<Uint16Array> {
    const codes = new Uint16Array(newcomers.size);
    const stratification = epoch?.stratification ?? null;
    if (stratification === null || databaseId === null) return codes;
    const profiles = newcomers.toArray();
    for (let from = 0; from < profiles.length; from += STRATA_BATCH) {
      const batch = profiles.slice(from, from + STRATA_BATCH);
      codes.set(await this.segments.strata(databaseId, stratification.hash, batch), from);
    }
    return codes;
  }

  /** The blocks that are not applied yet, as they go into appends; a change of nothing is one append too. */
  private appends({ newcomers, leavers }: StagedChange, head: AudienceHead, revision: number): number[][] {
    const done = head.change?.segmentRevision === revision ? head.change.block : -1;
    const strata = strataCount(head.epoch?.stratification ?? null);
    const blocks = [...new Set([...newcomers.blocks(), ...leavers.blocks()])]
      .filter((block) => block > done)
      .sort((a, b) => a - b);
    const bytesOf = (block: number): number =>
      blockBytes(newcomers.block(block).size, leavers.block(block).size, strata);
    return blocks.length === 0 ? [[]] : appendsOf(blocks, bytesOf);
  }

  private async append(
    campaignId: string,
    row: IntakeRow<'SegmentMembershipChanged'>,
    { newcomers, codes, leavers }: StagedChange,
    blocks: readonly number[],
    closes: boolean,
  ): Promise<void> {
    const { change } = await this.log.head(campaignId);
    const n = change?.segmentRevision === row.revision ? change.events : 0;
    const segmentRevision = row.revision;
    await this.log.followUp(
      campaignId,
      row,
      {
        type: 'ApplySegmentChange',
        segmentRevision,
        newcomers,
        codes,
        left: leavers,
        blocks,
        closes,
        seed: this.log.seed(),
      },
      { n, last: closes },
    );
  }
}

/** Those of the profiles who are members. */
function within(profiles: ProfileSet, blocks: Blocks): ProfileSet {
  return ProfileSet.unionOf([...blocks].map(([number, { members }]) => members.intersect(profiles.block(number))));
}
