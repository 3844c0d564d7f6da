import type { CircuitBreakerOptions } from './circuit-breaker';

export interface HttpSegmentsApiOptions {
  /** Where the segments service listens: `http://segments:3001`. */
  readonly url: string;
  /** A key with the role `service`. */
  readonly apiKey: string;
  /** Tries of a call that got no answer. Default 3. */
  readonly tries?: number;
  /** The pause after the first failed try, doubled with each, with up to as much by chance. Default 100 ms. */
  readonly retryMs?: number;
  /** How long an answer may take. Default 10,000 ms; 60,000 ms for members and strata. */
  readonly timeoutMs?: number;
  readonly breaker?: CircuitBreakerOptions;
  /**
   * After each try: the call without its ids (`GET segments/*`), and `ok`, the code of a refusal, `no_answer`, or `spared`
   * where nothing was sent because the service has not answered for a while.
   */
  readonly onCall?: (call: string, outcome: string, seconds: number) => void;
}
