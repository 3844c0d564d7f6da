import type { status } from '@grpc/grpc-js';

/** What the double does wrong, all of it until told otherwise. */
export interface Faults {
  /** Answers nothing; what was asked is done when it speaks again. */
  readonly silent: boolean;
  /** Subscriptions give nothing; all else is answered. */
  readonly silentSubscriptions: boolean;
  /** Batch appends get no answer. */
  readonly swallowBatches: boolean;
  /** So many more appends are done and get no answer. */
  readonly lostAnswers: number;
  /** So many more appends are not done and answered with this code of gRPC. */
  readonly refused: { readonly code: status; readonly count: number } | null;
  /** ServerFeatures fail with this code of gRPC. */
  readonly featuresCode: status | null;
  /** Each answer comes so much later. */
  readonly delayMs: number;
  /** Answers to appends do not say at which position. */
  readonly withoutPosition: boolean;
}

export const NO_FAULTS: Faults = {
  silent: false,
  silentSubscriptions: false,
  swallowBatches: false,
  lostAnswers: 0,
  refused: null,
  featuresCode: null,
  delayMs: 0,
  withoutPosition: false,
};

export type Command =
  | { readonly kind: 'faults'; readonly faults: Partial<Faults> }
  /** Ends every open subscription: without an error, or with this code of gRPC. */
  | { readonly kind: 'endSubscriptions'; readonly code: status | null }
  | { readonly kind: 'softDelete' | 'tombstone'; readonly stream: string }
  | { readonly kind: 'report' };

export interface Report {
  /** How often each method was called since the process began; `Read` apart from the subscriptions among it. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls of `Read` that are open. */
  readonly openReads: number;
  /** How many subscriptions each connection has open. */
  readonly subscriptions: readonly number[];
  /** Messages written to readers. */
  readonly sent: number;
}
