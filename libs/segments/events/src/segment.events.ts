import type { DomainEvent } from '@muster/kernel';
import { defineEvents } from '@muster/event-store';
import type { MembershipCause, SegmentKind, UseOf } from '@muster/contracts';

/** `[from, to)` in hundredths of a percent, 0 <= from < to <= 10000. */
export interface RangeRecord {
  readonly from: number;
  readonly to: number;
}

/** What a segment selects. The condition itself stands in an erasable table under its hash: literals are personal data. */
export interface SelectionRecord {
  /** Content address of the condition; `null`: every profile inside the range. */
  readonly conditionHash: string | null;
  readonly range: RangeRecord;
  readonly limit: number | null;
}

export type SegmentCreated = DomainEvent<
  'SegmentCreated',
  {
    readonly segmentId: string;
    readonly databaseId: string;
    readonly name: string;
    readonly kind: SegmentKind;
    readonly description: string;
    readonly tags: readonly string[];
    readonly selection: SelectionRecord;
  }
>;
export type SegmentDescribed = DomainEvent<
  'SegmentDescribed',
  {
    readonly segmentId: string;
    readonly name: string;
    readonly description: string;
    readonly tags: readonly string[];
  }
>;
export type SegmentSelectionChanged = DomainEvent<
  'SegmentSelectionChanged',
  { readonly segmentId: string; readonly selection: SelectionRecord }
>;
export type SegmentUseRegistered = DomainEvent<
  'SegmentUseRegistered',
  { readonly segmentId: string; readonly user: UseOf }
>;
export type SegmentUseReleased = DomainEvent<
  'SegmentUseReleased',
  { readonly segmentId: string; readonly user: UseOf }
>;
/** A run keeps the selection it started with, whatever is changed meanwhile. */
export type SegmentRunStarted = DomainEvent<
  'SegmentRunStarted',
  {
    readonly segmentId: string;
    readonly runId: string;
    readonly cause: MembershipCause;
    readonly selection: SelectionRecord;
  }
>;
export type SegmentRunCompleted = DomainEvent<
  'SegmentRunCompleted',
  {
    readonly segmentId: string;
    readonly runId: string;
    readonly found: number;
    readonly added: number;
    readonly removed: number;
  }
>;
export type SegmentRunFailed = DomainEvent<
  'SegmentRunFailed',
  { readonly segmentId: string; readonly runId: string; readonly reason: string }
>;
export type SegmentDeleted = DomainEvent<'SegmentDeleted', { readonly segmentId: string }>;
export type SegmentRestored = DomainEvent<'SegmentRestored', { readonly segmentId: string }>;

export type SegmentEvent =
  | SegmentCreated
  | SegmentDescribed
  | SegmentSelectionChanged
  | SegmentUseRegistered
  | SegmentUseReleased
  | SegmentRunStarted
  | SegmentRunCompleted
  | SegmentRunFailed
  | SegmentDeleted
  | SegmentRestored;

const selection: SelectionRecord = { conditionHash: 'ab'.repeat(32), range: { from: 0, to: 10_000 }, limit: null };
const user: UseOf = { kind: 'campaign', id: 'c-1', name: 'Spring' };

export const segmentEvents = defineEvents<SegmentEvent>('segment', {
  SegmentCreated: {
    version: 1,
    examples: [
      {
        segmentId: 's-1',
        databaseId: 'db-1',
        name: 'Adults',
        kind: 'static',
        description: '',
        tags: ['spring'],
        selection,
      },
    ],
  },
  SegmentDescribed: { version: 1, examples: [{ segmentId: 's-1', name: 'Grown-ups', description: 'all', tags: [] }] },
  SegmentSelectionChanged: { version: 1, examples: [{ segmentId: 's-1', selection: { ...selection, limit: 400 } }] },
  SegmentUseRegistered: { version: 1, examples: [{ segmentId: 's-1', user }] },
  SegmentUseReleased: { version: 1, examples: [{ segmentId: 's-1', user }] },
  SegmentRunStarted: { version: 1, examples: [{ segmentId: 's-1', runId: 'r-1', cause: 'conditions', selection }] },
  SegmentRunCompleted: {
    version: 1,
    examples: [{ segmentId: 's-1', runId: 'r-1', found: 100, added: 60, removed: 3 }],
  },
  SegmentRunFailed: { version: 1, examples: [{ segmentId: 's-1', runId: 'r-1', reason: 'statement timeout' }] },
  SegmentDeleted: { version: 1, examples: [{ segmentId: 's-1' }] },
  SegmentRestored: { version: 1, examples: [{ segmentId: 's-1' }] },
});
