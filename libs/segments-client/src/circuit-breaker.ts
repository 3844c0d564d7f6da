export interface CircuitBreakerOptions {
  /** Failures in a row after which nothing is sent any more. Default 5. */
  readonly failures?: number;
  /** How long nothing is sent before one call may try again. Default 5,000 ms. */
  readonly openMs?: number;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/** Spares a service that is down the calls, and the callers the waiting: after failures in a row, refuses at once. */
export class CircuitBreaker {
  private readonly limit: number;
  private readonly openMs: number;
  private readonly now: () => number;
  private failed = 0;
  private openUntil = -Infinity;

  constructor(options: CircuitBreakerOptions = {}) {
    this.limit = options.failures ?? 5;
    this.openMs = options.openMs ?? 5_000;
    this.now = options.now ?? (() => performance.now());
  }

  /** Whether a call may be sent. While open, one call gets through each `openMs`. */
  admits(): boolean {
    if (this.failed < this.limit) return true;
    if (this.now() < this.openUntil) return false;
    this.openUntil = this.now() + this.openMs;
    return true;
  }

  /** Nothing is sent at the moment, but for a call now and then that tries. */
  get isOpen(): boolean {
    return this.failed >= this.limit;
  }

  /** The service answered, whatever it said. */
  succeeded(): void {
    this.failed = 0;
  }

  /** The service did not answer. */
  hasFailed(): void {
    this.failed++;
    this.openUntil = this.now() + this.openMs;
  }
}
