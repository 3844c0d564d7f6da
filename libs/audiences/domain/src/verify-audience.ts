import type { AudienceEvent, BuildPlanned, ProfilesEnteredCampaign } from '@muster/audiences-events';
import { decodeCodes, ProfileSet } from '@muster/profile-set';
import type { AudienceHead } from './audience';
import { evolveHead, initialHead } from './audience-head';
import { labelArrivals, labelFirst, type BatchBlock, type LabelledBlock } from './labelling';

/** One batch of the record against what its seed gives. */
export interface VerifiedBatch {
  readonly epoch: number;
  readonly kind: 'build' | 'segment';
  /** Of a build. */
  readonly buildId?: string;
  /** Of a change of the segment. */
  readonly segmentRevision?: number;
  readonly entered: number;
  readonly control: number;
  readonly agrees: boolean;
  /** Profiles whose group in the record is another than by the seed. */
  readonly differing: number;
}

/** Assigns every batch of an audience's record again, from the recorded seeds and counts alone, and compares. */
export async function verifyAudience(events: AsyncIterable<AudienceEvent>): Promise<VerifiedBatch[]> {
  const audit = new Audit();
  for await (const event of events) audit.add(event);
  return audit.batches;
}

class Audit {
  readonly batches: VerifiedBatch[] = [];
  private head: AudienceHead = initialHead();
  private plans = new Map<number, BuildPlanned['data']>();
  private labels = new Map<number, string>();
  private entered: ProfilesEnteredCampaign['data'][] = [];

  add(event: AudienceEvent): void {
    switch (event.type) {
      case 'AudienceBuildStarted':
        this.plans.clear();
        this.labels.clear();
        break;
      case 'BuildPlanned':
        this.plans.set(event.data.block, event.data);
        break;
      case 'BuildLabelled':
        this.labels.set(event.data.block, event.data.control);
        break;
      case 'AudienceBuilt':
        this.verifyBuild(event.data.buildId, event.data.blocks);
        break;
      case 'ProfilesEnteredCampaign':
        this.entered.push(event.data);
        break;
      case 'SegmentChangeApplied':
        this.verifyChange(event.data.segmentRevision);
        break;
      default:
        break;
    }
    this.head = evolveHead(this.head, event);
  }

  private verifyBuild(buildId: string, blocks: readonly number[]): void {
    const { build, epoch } = this.head;
    const inEpoch = build?.epoch ?? epoch;
    if (!inEpoch) return;
    const batch = blocks.map((block) => batchBlock(block, this.plans.get(block)));
    const expected = build?.epoch
      ? labelFirst(inEpoch, { blocks: batch })
      : labelArrivals(inEpoch, inEpoch.tallies, { blocks: batch });
    this.batches.push({
      epoch: inEpoch.number,
      kind: 'build',
      buildId,
      ...compare(expected, (block) => this.labels.get(block)),
    });
  }

  private verifyChange(segmentRevision: number): void {
    const entered = this.entered.splice(0);
    const { epoch, change } = this.head;
    if (!epoch || !change || entered.length === 0) return;
    const batch = entered.map(({ block, profiles, codes, count }) =>
      batchBlock(block, { newcomers: profiles, codes, count }),
    );
    const controls = new Map(entered.map(({ block, control }) => [block, control]));
    const expected = labelArrivals(epoch, change.base, { blocks: batch });
    this.batches.push({
      epoch: epoch.number,
      kind: 'segment',
      segmentRevision,
      ...compare(expected, (block) => controls.get(block)),
    });
  }
}

function batchBlock(
  block: number,
  plan: Pick<BuildPlanned['data'], 'newcomers' | 'codes' | 'count'> | undefined,
): BatchBlock {
  if (!plan) throw new Error(`the record has no plan of block ${String(block)}`);
  return {
    block,
    profiles: ProfileSet.decodeBase64(plan.newcomers),
    codes: decodeCodes(Buffer.from(plan.codes, 'base64'), plan.count),
  };
}

function compare(
  expected: readonly LabelledBlock[],
  recorded: (block: number) => string | undefined,
): Pick<VerifiedBatch, 'entered' | 'control' | 'agrees' | 'differing'> {
  let entered = 0;
  let control = 0;
  let differing = 0;
  for (const { block, profiles, control: wanted } of expected) {
    const text = recorded(block);
    const found = text === undefined ? ProfileSet.empty() : ProfileSet.decodeBase64(text);
    entered += profiles.size;
    control += found.size;
    differing += wanted.symmetricDifference(found).size;
  }
  return { entered, control, agrees: differing === 0, differing };
}
