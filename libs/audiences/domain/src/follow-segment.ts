import type { AudienceEvent, ProfilesEnteredCampaign, ProfilesLeftCampaign } from '@muster/audiences-events';
import { DomainError } from '@muster/kernel';
import { encodeCodes, ProfileSet } from '@muster/profile-set';
import type { AudienceBlock, AudienceHead, Epoch, SegmentChange } from './audience';
import { campaignOf, closingEpoch, databaseOf } from './build-audience';
import { labelArrivals, type BatchBlock, type LabelledBlock } from './labelling';
import { addTo, copyOf, totalControl } from './tallies';

type Blocks = ReadonlyMap<number, AudienceBlock>;

/**
 * One change of the segment is one batch of arrivals, in however many appends: each decides from the counts that the
 * epoch had before the first, and from all newcomers.
 */
export function applySegmentChange(command: SegmentChange, head: AudienceHead, blocks: Blocks): AudienceEvent[] {
  if (head.status !== 'active' || head.build || command.segmentRevision <= head.segmentRevision) return [];
  const epoch = head.epoch;
  if (!epoch) throw new Error('an active audience has an epoch');
  const tallies = copyOf(epoch.tallies);
  const wanted = new Set(command.blocks);
  const begun = head.change?.segmentRevision === command.segmentRevision ? head.change : null;
  const labelled = labelArrivals(epoch, begun?.base ?? epoch.tallies, { blocks: cut(command) });
  const entered = labelled
    .filter(({ block }) => wanted.has(block))
    .map((block) => enter(command, head, epoch, tallies, blocks, block));
  const left = command.blocks.flatMap((block) => leave(command, head, block, blocks.get(block)));
  return [
    ...left,
    ...entered,
    ...(command.closes ? close(command, head, epoch, totalControl(tallies), entered, left) : []),
  ];
}

/** The newcomers of a change by block, each with its codes. */
function cut({ newcomers, codes }: SegmentChange): BatchBlock[] {
  let at = 0;
  return [...newcomers.byBlock()].map(([block, profiles]) => {
    const from = at;
    at += profiles.size;
    return { block, profiles, codes: codes.subarray(from, at) };
  });
}

function enter(
  command: SegmentChange,
  head: AudienceHead,
  epoch: Epoch,
  tallies: ReturnType<typeof copyOf>,
  blocks: Blocks,
  { block, profiles, codes, control, counts }: LabelledBlock,
): ProfilesEnteredCampaign {
  const present = blocks.get(block)?.members ?? ProfileSet.empty();
  if (!present.intersect(profiles).isEmpty) {
    throw new DomainError('CONCURRENT_CHANGE', { detail: 'Some who enter are members already.' });
  }
  addTo(tallies, counts);
  return {
    type: 'ProfilesEnteredCampaign',
    data: {
      campaignId: campaignOf(head),
      databaseId: databaseOf(head),
      epoch: epoch.number,
      cause: 'segment',
      block,
      profiles: profiles.encodeBase64(),
      count: profiles.size,
      codes: Buffer.from(encodeCodes(codes)).toString('base64'),
      control: control.encodeBase64(),
      controlCount: control.size,
      strata: counts.map(({ code }) => ({ code, n: tallies.n[code]!, c: tallies.c[code]! })),
      segmentRevision: command.segmentRevision,
    },
  };
}

function leave(
  { left, segmentRevision }: SegmentChange,
  head: AudienceHead,
  block: number,
  state: AudienceBlock | undefined,
): ProfilesLeftCampaign[] {
  const profiles = state?.members.intersect(left.block(block)) ?? ProfileSet.empty();
  if (!state || profiles.isEmpty) return [];
  return [
    {
      type: 'ProfilesLeftCampaign',
      data: { ...leavers(head, block, state, profiles), cause: 'segment', segmentRevision },
    },
  ];
}

function leavers(head: AudienceHead, block: number, { control }: AudienceBlock, profiles: ProfileSet) {
  return {
    campaignId: campaignOf(head),
    databaseId: databaseOf(head),
    block,
    profiles: profiles.encodeBase64(),
    count: profiles.size,
    controlCount: control.intersect(profiles).size,
  };
}

function close(
  { segmentRevision, seed }: SegmentChange,
  head: AudienceHead,
  epoch: Epoch,
  control: number,
  entered: readonly ProfilesEnteredCampaign[],
  left: readonly ProfilesLeftCampaign[],
): AudienceEvent[] {
  const before = head.change ?? { entered: 0, left: 0 };
  return [
    {
      type: 'SegmentChangeApplied',
      data: {
        campaignId: campaignOf(head),
        segmentRevision,
        entered: before.entered + count(entered),
        left: before.left + count(left),
      },
    },
    ...closingEpoch(head, epoch, control, seed),
  ];
}

/** Removes the members of these blocks for good. */
export function excludeAll(
  { campaignId, blocks, closes }: { campaignId: string; blocks: readonly number[]; closes: boolean },
  head: AudienceHead,
  states: Blocks,
): AudienceEvent[] {
  if (head.status === 'excluded') return [];
  const left = blocks.flatMap((block): ProfilesLeftCampaign[] => {
    const state = states.get(block);
    if (!state || state.members.isEmpty) return [];
    return [
      { type: 'ProfilesLeftCampaign', data: { ...leavers(head, block, state, state.members), cause: 'completed' } },
    ];
  });
  if (!closes) return left;
  const data = { campaignId, databaseId: head.databaseId, left: head.excluded.left + count(left) };
  return [...left, { type: 'AudienceExcluded', data }];
}

function count(events: readonly { readonly data: { readonly count: number } }[]): number {
  return events.reduce((sum, { data }) => sum + data.count, 0);
}
