/** One measured figure. What counts is the ratio to its floor, measured in the same run: machines differ, ratios less. */
export interface Figure {
  /** What was measured, for people: `append, 64 callers`. */
  readonly name: string;
  /** Of `value` and `floor`: `ms`, `events/s`, `bytes`. */
  readonly unit: string;
  readonly value: number;
  /** The same work done by the peer or by the plainest means. */
  readonly floor?: number;
  /** `value / floor`. */
  readonly ratio?: number;
  /** The ratio (or, without a floor, the value) that must be held ... */
  readonly must?: number;
  /** ... and the one that is aimed at. */
  readonly aim?: number;
  /** True where more is better, as with events per second. Default: less is better. */
  readonly higherIsBetter?: boolean;
}
