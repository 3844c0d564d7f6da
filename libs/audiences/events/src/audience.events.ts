import type { DomainEvent } from '@muster/kernel';
import { defineEvents } from '@muster/event-store';
import type { AudienceCause, LcgSettings, StratificationReference } from '@muster/contracts';

/** Assigned so far in one epoch, per stratum code: `n` profiles, `c` of them control. */
export interface StratumCount {
  readonly code: number;
  readonly n: number;
  readonly c: number;
}

/** The audience knows its campaign from its first build on. */
export type AudienceBuildStarted = DomainEvent<
  'AudienceBuildStarted',
  {
    readonly campaignId: string;
    readonly buildId: string;
    /** This attempt at the plan: another one where the plan had to start anew. */
    readonly runId: string;
    readonly databaseId: string;
    readonly segmentId: string;
    /** The closed revision of the segment's member stream that the plan reads. */
    readonly segmentRevision: number;
    readonly lcg: LcgSettings | null;
    readonly stratification: StratificationReference | null;
  }
>;
/** One block of the plan: who will enter, in which stratum, and who will leave. Nobody has moved yet. */
export type BuildPlanned = DomainEvent<
  'BuildPlanned',
  {
    readonly campaignId: string;
    readonly buildId: string;
    readonly runId: string;
    readonly block: number;
    /** Base64 of a portable Roaring bitmap. */
    readonly newcomers: string;
    readonly count: number;
    /** Base64 of the deflated stratum codes of the newcomers, in ascending order of profile number. */
    readonly codes: string;
    /** Base64 of a portable Roaring bitmap: members that are no longer in the segment. */
    readonly leavers: string;
    readonly leaverCount: number;
    /** How many of the leavers are in the control group. */
    readonly leaverControlCount: number;
  }
>;
/** A stretch of unchanged settings begins; its counts start at zero. */
export type EpochOpened = DomainEvent<
  'EpochOpened',
  {
    readonly campaignId: string;
    readonly epoch: number;
    /** 128 bits, lower-case hex. */
    readonly seed: string;
    /** `muster-1` */
    readonly algorithm: string;
    readonly lcg: LcgSettings | null;
    readonly stratification: StratificationReference | null;
  }
>;
/**
 * The outcome of a plan's block: who of its newcomers is control; the rest of them is test. In a plan it holds from
 * the build's `AudienceBuilt` on.
 */
export type BuildLabelled = DomainEvent<
  'BuildLabelled',
  {
    readonly campaignId: string;
    readonly buildId: string;
    readonly runId: string;
    readonly epoch: number;
    readonly block: number;
    readonly control: string;
    readonly controlCount: number;
    /** The newcomers of this block: `n` in the stratum, `c` of them control. */
    readonly strata: readonly StratumCount[];
  }
>;
/** Closes a build: its plan and outcome hold from here on. */
export type AudienceBuilt = DomainEvent<
  'AudienceBuilt',
  {
    readonly campaignId: string;
    readonly databaseId: string;
    readonly buildId: string;
    readonly runId: string;
    readonly epoch: number;
    readonly blocks: readonly number[];
    readonly entered: number;
    readonly left: number;
    readonly members: number;
    readonly control: number;
    /** The epoch's counts after the build, strata with n > 0 only. */
    readonly strata: readonly StratumCount[];
  }
>;
/** The plan is void: the build was cancelled, or planning starts anew under another `runId`. */
export type BuildAbandoned = DomainEvent<
  'BuildAbandoned',
  { readonly campaignId: string; readonly buildId: string; readonly runId: string; readonly cancelled: boolean }
>;
/** An attempt failed; the build is tried again with back-off until it is built or cancelled. */
export type AudienceBuildFailed = DomainEvent<
  'AudienceBuildFailed',
  {
    readonly campaignId: string;
    readonly buildId: string;
    /** For people; holds no personal data. */
    readonly reason: string;
  }
>;
/** Newcomers of one block, labelled on arrival. */
export type ProfilesEnteredCampaign = DomainEvent<
  'ProfilesEnteredCampaign',
  {
    readonly campaignId: string;
    readonly databaseId: string;
    readonly epoch: number;
    readonly cause: AudienceCause;
    readonly block: number;
    readonly profiles: string;
    readonly count: number;
    readonly codes: string;
    readonly control: string;
    readonly controlCount: number;
    /** Counts of the touched strata after this event. */
    readonly strata: readonly StratumCount[];
    /** The change of the segment that this is part of, where the cause is `segment`. */
    readonly segmentRevision?: number;
  }
>;
/** Leavers of one block. */
export type ProfilesLeftCampaign = DomainEvent<
  'ProfilesLeftCampaign',
  {
    readonly campaignId: string;
    readonly databaseId: string;
    readonly cause: AudienceCause;
    readonly block: number;
    readonly profiles: string;
    readonly count: number;
    /** How many of them were in the control group. */
    readonly controlCount: number;
    /** The change of the segment that this is part of, where the cause is `segment`. */
    readonly segmentRevision?: number;
  }
>;
/** Members of one block whose group became another: from control to test, never the other way round. */
export type ProfilesChangedGroup = DomainEvent<
  'ProfilesChangedGroup',
  {
    readonly campaignId: string;
    readonly databaseId: string;
    readonly cause: AudienceCause;
    readonly block: number;
    /** The group they are in from here on. */
    readonly group: 'test';
    readonly profiles: string;
    readonly count: number;
  }
>;
/** Segment changes up to this one are in the audience. */
export type SegmentChangeApplied = DomainEvent<
  'SegmentChangeApplied',
  { readonly campaignId: string; readonly segmentRevision: number; readonly entered: number; readonly left: number }
>;
/** While paused, segment changes lead to no campaign events; the next build takes the net difference. */
export type AudiencePaused = DomainEvent<'AudiencePaused', { readonly campaignId: string }>;
/** Completion has removed everyone; the audience takes nobody any more. */
export type AudienceExcluded = DomainEvent<
  'AudienceExcluded',
  {
    readonly campaignId: string;
    /** `null` for an audience that was never built. */
    readonly databaseId: string | null;
    readonly left: number;
  }
>;

export type AudienceEvent =
  | AudienceBuildStarted
  | BuildPlanned
  | EpochOpened
  | BuildLabelled
  | AudienceBuilt
  | BuildAbandoned
  | AudienceBuildFailed
  | ProfilesEnteredCampaign
  | ProfilesLeftCampaign
  | ProfilesChangedGroup
  | SegmentChangeApplied
  | AudiencePaused
  | AudienceExcluded;

const campaign = { campaignId: 'c-1' };
const database = { ...campaign, databaseId: 'db-1' };
const run = { ...campaign, buildId: 'b-1', runId: 'r-1' };
const lcg: LcgSettings = { basisPoints: 1500, count: null };
const stratification: StratificationReference = {
  hash: 'cd'.repeat(32),
  strata: ['00112233445566aa', '00112233445566bb'],
};
const profiles = 'OjAAAAEAAAAAAAIAEAAAAAEAAgADAA==';
const control = 'OjAAAAEAAAAAAAAAEAAAAAIA';
const empty = 'OjAAAAAAAAA=';
const codes = 'Y2BgYAAA';

export const audienceEvents = defineEvents<AudienceEvent>('audience', {
  AudienceBuildStarted: {
    version: 1,
    examples: [{ ...run, databaseId: 'db-1', segmentId: 's-1', segmentRevision: 2, lcg, stratification }],
  },
  BuildPlanned: {
    version: 1,
    examples: [
      { ...run, block: 0, newcomers: profiles, count: 3, codes, leavers: empty, leaverCount: 0, leaverControlCount: 0 },
    ],
  },
  EpochOpened: {
    version: 1,
    examples: [
      { ...campaign, epoch: 1, seed: '000102030405060708090a0b0c0d0e0f', algorithm: 'muster-1', lcg, stratification },
    ],
  },
  BuildLabelled: {
    version: 1,
    examples: [{ ...run, epoch: 1, block: 0, control, controlCount: 1, strata: [{ code: 0, n: 3, c: 1 }] }],
  },
  AudienceBuilt: {
    version: 1,
    examples: [
      {
        ...run,
        databaseId: 'db-1',
        epoch: 1,
        blocks: [0],
        entered: 3,
        left: 0,
        members: 3,
        control: 1,
        strata: [{ code: 0, n: 3, c: 1 }],
      },
    ],
  },
  BuildAbandoned: { version: 1, examples: [{ ...run, cancelled: true }] },
  AudienceBuildFailed: { version: 1, examples: [{ ...campaign, buildId: 'b-1', reason: 'segments is away' }] },
  ProfilesEnteredCampaign: {
    version: 1,
    examples: [
      {
        ...database,
        epoch: 1,
        cause: 'segment',
        block: 0,
        profiles,
        count: 3,
        codes,
        control,
        controlCount: 1,
        strata: [{ code: 0, n: 6, c: 1 }],
        segmentRevision: 5,
      },
    ],
  },
  ProfilesLeftCampaign: {
    version: 1,
    examples: [{ ...database, cause: 'segment', block: 0, profiles, count: 3, controlCount: 1, segmentRevision: 5 }],
  },
  ProfilesChangedGroup: {
    version: 1,
    examples: [{ ...database, cause: 'lcg_changed', block: 0, group: 'test', profiles: control, count: 1 }],
  },
  SegmentChangeApplied: { version: 1, examples: [{ ...campaign, segmentRevision: 5, entered: 3, left: 3 }] },
  AudiencePaused: { version: 1, examples: [campaign] },
  AudienceExcluded: { version: 1, examples: [{ ...database, left: 3 }] },
});
