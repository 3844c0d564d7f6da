/** Sees that a consumer hangs: messages come in, and nothing has moved for longer than is believable. */
export class Watchdog {
  private movedAt = performance.now();
  private lookedAt = performance.now();
  private lagAtMove: number | undefined;

  constructor(
    private readonly stallMs: number,
    private readonly lag: () => Promise<number>,
  ) {}

  /** Something was handled, tried, or passed over. */
  moved(): void {
    this.movedAt = performance.now();
    this.lagAtMove = undefined;
  }

  /** The lag where it has grown while nothing moved for `stallMs`; said once per stall. */
  async look(): Promise<number | undefined> {
    const now = performance.now();
    if (now - this.lookedAt < this.stallMs / 10) return undefined;
    this.lookedAt = now;
    const movedAt = this.movedAt;
    const lag = await this.lag();
    if (movedAt !== this.movedAt) return undefined;
    const before = this.lagAtMove;
    this.lagAtMove ??= lag;
    if (before === undefined || lag <= before || now - movedAt < this.stallMs) return undefined;
    this.moved();
    return lag;
  }
}
