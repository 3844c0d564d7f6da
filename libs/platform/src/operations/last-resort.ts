const HOPELESS_WITHIN_MS = 60_000;

/** Decides when a process should end because of what goes no further in it: a new one may do better, or not. */
export class LastResort {
  private readonly startedAt: number;

  constructor(
    private readonly end: (reason: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.startedAt = now();
  }

  /** What stops soon after the start stops the next process too: people must look, and this one answers meanwhile. */
  stopped(name: string): void {
    if (this.now() - this.startedAt > HOPELESS_WITHIN_MS) this.end(`${name} stopped`);
  }

  stalled(name: string): void {
    this.end(`${name} does not move`);
  }
}
