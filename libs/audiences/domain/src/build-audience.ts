import { ALGORITHM } from '@muster/assignment';
import type {
  AudienceEvent,
  BuildLabelled,
  BuildPlanned,
  EpochOpened,
  ProfilesChangedGroup,
  StratumCount,
} from '@muster/audiences-events';
import { DomainError } from '@muster/kernel';
import { decodeCodes, encodeCodes, ProfileSet } from '@muster/profile-set';
import {
  strataCount,
  type AudienceBlock,
  type AudienceCommand,
  type AudienceHead,
  type Epoch,
  type GroupSettings,
  type RunningBuild,
  type SegmentBlock,
} from './audience';
import { isUsedUp, NO_SHARE, releasesControl, sameSettings } from './group-settings';
import { labelArrivals, labelFirst, type Batch, type LabelledBlock } from './labelling';
import { addTo, copyOf, countsOf, noTallies, totalControl } from './tallies';

type CommandOf<T extends AudienceCommand['type']> = Extract<AudienceCommand, { type: T }>;
type Blocks = ReadonlyMap<number, AudienceBlock>;

/** A build that was left open by another activation is void. */
export function startBuild(command: CommandOf<'StartBuild'>, head: AudienceHead): AudienceEvent[] {
  if (head.status === 'excluded') {
    throw new DomainError('CAMPAIGN_STATUS_CONFLICT', {
      detail: 'The campaign is completed: its audience takes nobody any more.',
      extra: { status: 'completed', allowed: [] },
    });
  }
  const { type: _, ...started } = command;
  if (head.build?.buildId === command.buildId || head.closedBuildId === command.buildId) return [];
  return [...abandonment(head, true), { type: 'AudienceBuildStarted', data: started }];
}

/** Records who will enter and leave in these blocks. The last one is recorded even if nobody does: so far has been read. */
export function planBlocks(command: CommandOf<'PlanBlocks'>, head: AudienceHead, blocks: Blocks): AudienceEvent[] {
  const build = runOf(head, command.runId);
  const seen = build.planned.at(-1) ?? -1;
  const ahead = command.blocks.filter(({ block }) => block > seen);
  return ahead
    .map((segment) => planBlock(head, build, segment, blocks.get(segment.block)))
    .filter(({ data }, i) => data.count + data.leaverCount > 0 || i === ahead.length - 1);
}

function planBlock(
  head: AudienceHead,
  build: RunningBuild,
  segment: SegmentBlock,
  block: AudienceBlock | undefined,
): BuildPlanned {
  const members = block?.members ?? ProfileSet.empty();
  const newcomers = segment.members.difference(members);
  const leavers = members.difference(segment.members);
  return {
    type: 'BuildPlanned',
    data: {
      campaignId: campaignOf(head),
      buildId: build.buildId,
      runId: build.runId,
      block: segment.block,
      newcomers: newcomers.encodeBase64(),
      count: newcomers.size,
      codes: base64(encodeCodes(codesOf(newcomers, segment))),
      leavers: leavers.encodeBase64(),
      leaverCount: leavers.size,
      leaverControlCount: leavers.isEmpty ? 0 : (block?.control.intersect(leavers).size ?? 0),
    },
  };
}

/** The codes of those of the segment's members who are in the subset. */
function codesOf(subset: ProfileSet, { members, codes }: SegmentBlock): Uint16Array {
  if (codes === undefined) return new Uint16Array(subset.size);
  if (subset.size === members.size) return codes;
  return pickCodes(subset, members, codes);
}

/** One code per member of a set as codes of its subset. */
function pickCodes(subset: ProfileSet, members: ProfileSet, codes: Uint16Array): Uint16Array {
  const all = members.toArray();
  const picked = new Uint16Array(subset.size);
  let at = 0;
  subset.toArray().forEach((profile, i) => {
    while (all[at] !== profile) at++;
    picked[i] = codes[at]!;
  });
  return picked;
}

/**
 * A pure function of plan and seed: however many appends it takes, and after whichever crash, the groups are the same.
 * Opens an epoch where none goes on.
 */
export function labelBuild(command: CommandOf<'LabelBuild'>, head: AudienceHead, blocks: Blocks): AudienceEvent[] {
  const build = runOf(head, command.runId);
  const opened = build.epoch !== null || epochContinues(head, build) ? [] : [openedBy(head, build, command.seed)];
  const epoch = epochOf(head, build, opened[0]);
  const batch = batchOf(build, blocks);
  const labelled = epoch === head.epoch ? labelArrivals(epoch, epoch.tallies, batch) : labelFirst(epoch, batch);
  const done = build.labelled.at(-1) ?? -1;
  return [...opened, ...withinBudget(labelled.filter(({ block }) => block > done).map(labelledEvent), command.budget)];

  function labelledEvent({ block, control, counts }: LabelledBlock): BuildLabelled {
    return {
      type: 'BuildLabelled',
      data: {
        campaignId: campaignOf(head),
        buildId: build.buildId,
        runId: build.runId,
        epoch: epoch.number,
        block,
        control: control.encodeBase64(),
        controlCount: control.size,
        strata: counts,
      },
    };
  }
}

/** Whether a build has newcomers without a group, or an epoch to open. */
export function needsLabels(head: AudienceHead): boolean {
  const { build } = head;
  if (!build) return false;
  return build.labelled.length < build.changed.length || (build.epoch === null && !epochContinues(head, build));
}

function epochContinues(head: AudienceHead, build: GroupSettings): boolean {
  // a change of the segment that was left halfway has broken the quotas of its epoch
  return head.epoch !== null && head.change === null && sameSettings(head.settings, build);
}

function epochOf(head: AudienceHead, build: RunningBuild, opened: EpochOpened | undefined): Epoch {
  if (opened) {
    const { epoch: number, seed, lcg, stratification } = opened.data;
    const tallies = noTallies(strataCount(stratification));
    return { number, seed, lcg, stratification, carried: carriedInto(head, build), tallies };
  }
  const epoch = build.epoch ?? head.epoch;
  if (!epoch) throw new Error('labels need an epoch');
  return epoch;
}

/** Control members that stay control in the epoch that this build opens. */
function carriedInto(head: AudienceHead, build: RunningBuild): number {
  return releasesControl(head.settings, build) ? 0 : head.control - build.leaverControl;
}

function openedBy(head: AudienceHead, { lcg, stratification }: GroupSettings, seed: string): EpochOpened {
  const epoch = head.epochsOpened + 1;
  return {
    type: 'EpochOpened',
    data: { campaignId: campaignOf(head), epoch, seed, algorithm: ALGORITHM, lcg, stratification },
  };
}

/** Where the number or cap of an epoch is used up, later arrivals belong to one without share. */
export function closingEpoch(head: AudienceHead, epoch: Epoch, control: number, seed: string): EpochOpened[] {
  return isUsedUp(epoch.lcg, epoch.carried + control)
    ? [openedBy(head, { lcg: NO_SHARE, stratification: epoch.stratification }, seed)]
    : [];
}

function batchOf(build: RunningBuild, blocks: Blocks): Batch {
  return {
    blocks: build.changed.map((block) => {
      const pending = blocks.get(block)?.pending;
      if (pending?.runId !== build.runId) throw new Error(`block ${String(block)} has no plan of this run`);
      return {
        block,
        profiles: ProfileSet.decodeBase64(pending.newcomers),
        codes: decodeCodes(Buffer.from(pending.codes, 'base64'), pending.count),
      };
    }),
  };
}

/** The first events that fit, one at least. */
function withinBudget<T extends BuildLabelled | ProfilesChangedGroup>(events: readonly T[], budget: number): T[] {
  let bytes = 0;
  return events.filter((event, i) => {
    bytes += 900 + (event.type === 'BuildLabelled' ? sizeOfLabels(event) : event.data.profiles.length);
    return i === 0 || bytes <= budget;
  });
}

function sizeOfLabels({ data }: BuildLabelled): number {
  return data.control.length + 40 * data.strata.length;
}

/** Control members whom the new settings make test; those who leave with this build leave as they are. */
export function releaseControl(
  command: CommandOf<'ReleaseControl'>,
  head: AudienceHead,
  blocks: Blocks,
): AudienceEvent[] {
  const build = runOf(head, command.runId);
  if (!hasControlToRelease(head)) return [];
  const events = [...blocks].flatMap(([block, { control, pending }]): ProfilesChangedGroup[] => {
    const leavers = pending?.runId === build.runId ? ProfileSet.decodeBase64(pending.leavers) : ProfileSet.empty();
    const profiles = control.difference(leavers);
    if (profiles.isEmpty) return [];
    const moved = { block, profiles: profiles.encodeBase64(), count: profiles.size };
    const audience = { campaignId: campaignOf(head), databaseId: databaseOf(head) };
    return [{ type: 'ProfilesChangedGroup', data: { ...audience, cause: 'lcg_changed', group: 'test', ...moved } }];
  });
  return withinBudget(events, command.budget);
}

export function hasControlToRelease(head: AudienceHead): boolean {
  const { build } = head;
  return build !== null && releasesControl(head.settings, build) && head.control > build.leaverControl;
}

export function closeBuild(command: CommandOf<'CloseBuild'>, head: AudienceHead): AudienceEvent[] {
  const build = runOf(head, command.runId);
  if (needsLabels(head) || hasControlToRelease(head)) throw new Error('the build is not finished');
  const epoch = build.epoch ?? head.epoch;
  if (!epoch) throw new Error('a build closes in an epoch');
  const tallies = copyOf(epoch.tallies);
  addTo(tallies, countsOf(build.tallies));
  const strata: StratumCount[] = countsOf(tallies);
  return [
    {
      type: 'AudienceBuilt',
      data: {
        campaignId: campaignOf(head),
        databaseId: databaseOf(head),
        buildId: build.buildId,
        runId: build.runId,
        epoch: epoch.number,
        blocks: [...build.changed],
        entered: build.newcomers,
        left: build.leavers,
        members: head.members + build.newcomers - build.leavers,
        control: head.control + build.newControl - build.leaverControl,
        strata,
      },
    },
    ...closingEpoch(head, epoch, totalControl(tallies), command.seed),
  ];
}

export function abandonRun(command: CommandOf<'AbandonRun'>, head: AudienceHead): AudienceEvent[] {
  return head.build?.runId === command.runId ? abandonment(head, false) : [];
}

/** A build that was closed before its cancellation was heard of leaves a paused audience. */
export function cancelBuild(command: CommandOf<'CancelBuild'>, head: AudienceHead): AudienceEvent[] {
  if (head.lastBuildId !== command.buildId) return [];
  if (head.build) return abandonment(head, true);
  return head.status === 'active' ? [{ type: 'AudiencePaused', data: { campaignId: campaignOf(head) } }] : [];
}

export function abandonment(head: AudienceHead, cancelled: boolean): AudienceEvent[] {
  if (!head.build) return [];
  const { buildId, runId } = head.build;
  return [{ type: 'BuildAbandoned', data: { campaignId: campaignOf(head), buildId, runId, cancelled } }];
}

function runOf(head: AudienceHead, runId: string): RunningBuild {
  if (head.build?.runId !== runId) throw new Error(`run ${runId} is not in progress`);
  return head.build;
}

export function campaignOf(head: AudienceHead): string {
  if (head.campaignId === null) throw new Error('the audience has no campaign yet');
  return head.campaignId;
}

export function databaseOf(head: AudienceHead): string {
  if (head.databaseId === null) throw new Error('the audience has no database yet');
  return head.databaseId;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
