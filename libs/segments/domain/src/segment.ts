import type { MembershipCause, SegmentKind, UseOf } from '@muster/contracts';
import type { SelectionRecord } from '@muster/segments-events';

/** A recalculation in progress; it keeps the selection it started with. */
export interface RunInProgress {
  readonly runId: string;
  readonly cause: MembershipCause;
  readonly selection: SelectionRecord;
}

export interface ExistingSegment {
  state: 'existing' | 'deleted';
  readonly segmentId: string;
  readonly databaseId: string;
  name: string;
  readonly kind: SegmentKind;
  description: string;
  tags: readonly string[];
  selection: SelectionRecord;
  /** Who depends on it, by `kind:id`. */
  readonly users: Map<string, UseOf>;
  run: RunInProgress | null;
  /** Whether a run has ever completed. */
  calculated: boolean;
}

export type Segment = { readonly state: 'nonexistent' } | ExistingSegment;

export function initialSegment(): Segment {
  return { state: 'nonexistent' };
}
