import type { MembershipCause, SegmentKind, UseOf } from '@muster/contracts';
import type { SelectionRecord } from '@muster/segments-events';

interface Command<T extends string, D = Record<never, never>> {
  readonly type: T;
  readonly data: D;
}

export type CreateSegment = Command<
  'CreateSegment',
  {
    readonly segmentId: string;
    readonly databaseId: string;
    readonly name: string;
    readonly kind: SegmentKind;
    readonly description: string;
    readonly tags: readonly string[];
    readonly selection: SelectionRecord;
    /** The first run, where it starts at once: always for a dynamic segment, for a static one when it is to be filled. */
    readonly firstRunId: string | null;
  }
>;
/** What is left out stays as it is. A changed selection takes effect at the next run. */
export type ChangeSegment = Command<
  'ChangeSegment',
  {
    readonly name?: string;
    readonly description?: string;
    readonly tags?: readonly string[];
    readonly selection?: SelectionRecord;
  }
>;
export type StartRun = Command<'StartRun', { readonly runId: string; readonly cause: MembershipCause }>;
export type CompleteRun = Command<
  'CompleteRun',
  { readonly runId: string; readonly found: number; readonly added: number; readonly removed: number }
>;
export type FailRun = Command<'FailRun', { readonly runId: string; readonly reason: string }>;
export type RegisterUse = Command<'RegisterUse', { readonly user: UseOf }>;
export type ReleaseUse = Command<'ReleaseUse', { readonly user: UseOf }>;
export type DeleteSegment = Command<'DeleteSegment'>;
export type RestoreSegment = Command<'RestoreSegment'>;

export type SegmentCommand =
  | CreateSegment
  | ChangeSegment
  | StartRun
  | CompleteRun
  | FailRun
  | RegisterUse
  | ReleaseUse
  | DeleteSegment
  | RestoreSegment;
