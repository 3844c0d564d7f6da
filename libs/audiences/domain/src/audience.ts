import type { LcgSettings, StratificationReference } from '@muster/contracts';
import type { ProfileSet } from '@muster/profile-set';

/** What decides on groups: the share of the local control group and the strata. */
export interface GroupSettings {
  readonly lcg: LcgSettings | null;
  readonly stratification: StratificationReference | null;
}

/** Assignments of one epoch by stratum code: `n[code]` profiles, `c[code]` of them control. */
export interface Tallies {
  readonly n: number[];
  readonly c: number[];
}

/** A stretch of unchanged settings. */
export interface Epoch {
  readonly number: number;
  /** 128 bits, lower-case hex. */
  readonly seed: string;
  readonly lcg: LcgSettings | null;
  readonly stratification: StratificationReference | null;
  /** Control members that the audience brought into the epoch: they count towards an exact number. */
  readonly carried: number;
  readonly tallies: Tallies;
}

/** A build between its start and its closing event. */
export interface RunningBuild extends GroupSettings {
  readonly buildId: string;
  readonly runId: string;
  /** The closed revision of the segment that the plan reads. */
  readonly segmentRevision: number;
  /** Blocks that the plan has looked at, ascending. */
  readonly planned: number[];
  /** Those of them in which somebody enters or leaves. */
  readonly changed: number[];
  /** Blocks whose newcomers have their groups, ascending. */
  readonly labelled: number[];
  newcomers: number;
  newControl: number;
  leavers: number;
  leaverControl: number;
  /** Opened by this build; `null` where the epoch before goes on, or labelling has not begun. */
  epoch: Epoch | null;
  /** Groups given to newcomers so far. */
  readonly tallies: Tallies;
}

/** A segment change of several appends between its first and its closing event. */
export interface RunningChange {
  readonly segmentRevision: number;
  /** The epoch's tallies when the change began: every append of the change decides from them. */
  readonly base: Tallies;
  events: number;
  /** Blocks are applied in ascending order: this is the last one so far. */
  block: number;
  entered: number;
  left: number;
}

/**
 * - `empty`: never built;
 * - `active`: follows its segment;
 * - `paused`: keeps everyone's group and does not follow its segment;
 * - `excluded`: completed, for ever without members.
 */
export type AudienceStatus = 'empty' | 'active' | 'paused' | 'excluded';

/** What is known of an audience without looking at its members. */
export interface AudienceHead {
  status: AudienceStatus;
  campaignId: string | null;
  databaseId: string | null;
  segmentId: string | null;
  /** Of the last finished build. */
  settings: GroupSettings | null;
  epoch: Epoch | null;
  /** The number of the newest epoch that was ever opened. */
  epochsOpened: number;
  /** Changes of the segment up to this revision are in the audience; -1 before the first build. */
  segmentRevision: number;
  members: number;
  control: number;
  /** Blocks that ever had members, ascending. */
  blocks: number[];
  build: RunningBuild | null;
  /** The build that began last, and how many events it has led to: these number its appends. */
  lastBuildId: string | null;
  buildSteps: number;
  /** The build that was finished or cancelled last. */
  closedBuildId: string | null;
  change: RunningChange | null;
  /** Profiles that completion has removed so far, and the last block it has emptied. */
  excluded: { left: number; block: number };
}

/** The plan of a running build for one block, as it stands in the log: decoded only where it is needed. */
export interface PendingPlan {
  readonly runId: string;
  readonly newcomers: string;
  readonly count: number;
  readonly codes: string;
  readonly leavers: string;
  /** Absent until labelled. */
  control?: string;
}

/** The members of one block. Who is not in `control` is in the test group. */
export interface AudienceBlock {
  members: ProfileSet;
  control: ProfileSet;
  pending: PendingPlan | null;
}

/** The members of one block of the segment with one stratum code each, in ascending order of profile number. */
export interface SegmentBlock {
  readonly block: number;
  readonly members: ProfileSet;
  /** Absent without a stratification. */
  readonly codes?: Uint16Array;
}

export type AudienceCommand =
  | ({
      readonly type: 'StartBuild';
      readonly campaignId: string;
      readonly databaseId: string;
      readonly segmentId: string;
      readonly buildId: string;
      readonly runId: string;
      readonly segmentRevision: number;
    } & GroupSettings)
  /** The next blocks of the segment, ascending: all that it or the audience has members in. */
  | { readonly type: 'PlanBlocks'; readonly runId: string; readonly blocks: readonly SegmentBlock[] }
  /** Gives the planned newcomers their groups, as many blocks as go into `budget` bytes (one at least). */
  | { readonly type: 'LabelBuild'; readonly runId: string; readonly seed: string; readonly budget: number }
  /** Moves control members to test where the new settings want it, as many blocks as go into `budget` bytes. */
  | { readonly type: 'ReleaseControl'; readonly runId: string; readonly budget: number }
  | { readonly type: 'CloseBuild'; readonly runId: string; readonly seed: string }
  /** The plan cannot be finished as it was begun: another run follows. */
  | { readonly type: 'AbandonRun'; readonly runId: string }
  | { readonly type: 'CancelBuild'; readonly buildId: string }
  | {
      readonly type: 'ReportBuildFailure';
      readonly campaignId: string;
      readonly buildId: string;
      readonly reason: string;
    }
  | SegmentChange
  | { readonly type: 'Pause' }
  /** Removes the members of these blocks; the last call closes. */
  | {
      readonly type: 'ExcludeAll';
      readonly campaignId: string;
      readonly blocks: readonly number[];
      readonly closes: boolean;
    };

/** One change of the segment, or the part of it that goes into one append. */
export interface SegmentChange {
  readonly type: 'ApplySegmentChange';
  readonly segmentRevision: number;
  /** Everyone who enters by this change, whichever part of it this is: nobody of them was a member before it. */
  readonly newcomers: ProfileSet;
  /** One stratum code per newcomer. */
  readonly codes: Uint16Array;
  /** Everyone who left the segment. */
  readonly left: ProfileSet;
  /** The blocks of this append. */
  readonly blocks: readonly number[];
  readonly closes: boolean;
  /** For an epoch that may have to be opened. */
  readonly seed: string;
}

/** Strata of these settings: one without a stratification. */
export function strataCount(stratification: StratificationReference | null): number {
  return stratification === null ? 1 : stratification.strata.length;
}
