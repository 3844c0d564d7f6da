import type { StratificationReference } from './campaigns';
import type { SegmentKind } from './segments';

/** Something that uses a segment or a field; its owner refuses to delete what is used. */
export interface UseOf {
  readonly kind: 'segment' | 'campaign' | 'activity' | 'external';
  readonly id: string;
  readonly name: string;
}

export interface SegmentSummary {
  readonly segmentId: string;
  readonly databaseId: string;
  readonly name: string;
  readonly kind: SegmentKind;
  readonly deleted: boolean;
  /** Members as of the last closed change. */
  readonly count: number;
}

/** The members of one block of a segment, with their strata where these were asked for. */
export interface MembershipBlock {
  /** Profile numbers `[block * 65536, (block + 1) * 65536)`. */
  readonly block: number;
  /** Portable Roaring bytes of the members' profile numbers. */
  readonly members: Uint8Array;
  /** One stratum code per member in ascending order of profile number; absent without a stratification. */
  readonly codes?: Uint16Array;
}

export interface MembershipPage {
  /** The closed revision of the segment's member stream at which this holds; -1 for a segment that never had members. */
  readonly revision: number;
  readonly blocks: readonly MembershipBlock[];
  /** Ask for the next page after this block; `null` at the end. */
  readonly nextAfter: number | null;
}

export interface MembershipRequest {
  readonly segmentId: string;
  /** Absent in the first page, which answers with the last closed revision; then that one. */
  readonly atRevision?: number;
  /** Blocks above this one. */
  readonly after?: number;
  /** At most this many blocks (1-64). */
  readonly limit: number;
  readonly stratificationHash?: string;
}

/** A definition as people give it; `@muster/assignment` has its rules. */
export interface StratificationInput {
  readonly fields: readonly {
    readonly field: string;
    readonly buckets: readonly {
      readonly label?: string;
      readonly values?: readonly (string | number | boolean)[];
      readonly from?: number | string;
      readonly to?: number | string;
    }[];
  }[];
}

export interface StratumDescription {
  readonly hash: string;
  /** What people read: `married × tertiary`, or `residual`. */
  readonly label: string;
}

/**
 * What other services ask of `segments`, in batches. In one process it is answered directly, between processes over
 * HTTP; callers retry until answered. Errors: `DomainError` with the codes of `segments`, or `DEPENDENCY_UNAVAILABLE`.
 */
export interface SegmentsApi {
  segment(segmentId: string): Promise<SegmentSummary>;

  /** Throws `DATABASE_NOT_FOUND` where there is none. */
  database(databaseId: string): Promise<{ readonly databaseId: string; readonly name: string }>;

  /**
   * Makes the membership ready to be read: evaluates a dynamic segment (once per `requestId`), does nothing for others.
   * Throws `SEGMENT_NOT_CALCULATED` for a scheduled segment before its first run, `SEGMENT_RUN_IN_PROGRESS` to be retried.
   */
  prepareMembership(segmentId: string, requestId: string): Promise<void>;

  /** Throws `SEGMENT_REVISION_GONE` where `atRevision` cannot be had any more: plan anew. */
  membership(request: MembershipRequest): Promise<MembershipPage>;

  /** The stratum code of each of these profiles (ascending, distinct, at most 100,000 in one call) as of now. */
  strata(databaseId: string, stratificationHash: string, profiles: Uint32Array): Promise<Uint16Array>;

  /**
   * The external ids of these profiles (at most 10,000 in one call). Who is not there any more is left out: erased, or
   * with a whole database that was deleted. `null` where the database does not publish external ids. Throws
   * `DATABASE_NOT_FOUND` where there never was one.
   */
  externalIdsOf(databaseId: string, profiles: readonly number[]): Promise<ReadonlyMap<number, string> | null>;

  /** Idempotent. Registers the use of a segment before the user depends on it. */
  registerSegmentUse(segmentId: string, user: UseOf): Promise<void>;

  releaseSegmentUse(segmentId: string, user: UseOf): Promise<void>;

  /**
   * Idempotent. Checks a stratification against the fields of the database, keeps its definition under its hash and
   * registers the use of its fields. Throws `STRATIFICATION_INVALID` with paths.
   */
  registerStratification(databaseId: string, input: StratificationInput, user: UseOf): Promise<StratificationReference>;

  /** The strata of a definition with their labels, in the order of their codes. */
  describeStrata(stratificationHash: string): Promise<readonly StratumDescription[]>;

  /** Releases every field use of this user but those of `keep`. */
  releaseFieldUses(databaseId: string, user: UseOf, keep: StratificationReference | null): Promise<void>;
}
