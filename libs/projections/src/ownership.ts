/** Ownership of a key in all processes: one holds it at a time, fenced by a session advisory lock. */
export interface Leases {
  /** Null while someone else holds the key. */
  tryAcquire(key: string): Promise<Lease | null>;
}

export interface Lease {
  /** Aborted when the key may have passed to someone else. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}
