/** Lets any number of waiters go at once. A wake-up that comes while nobody waits ends the next wait at once. */
export class WakeUp {
  private readonly waiters = new Set<() => void>();
  private pending = false;

  wake(): void {
    this.pending = this.waiters.size === 0;
    for (const resume of [...this.waiters]) resume();
  }

  /** Until woken, aborted, or `ms` have passed. */
  async wait(signal: AbortSignal, ms?: number): Promise<void> {
    if (signal.aborted || this.pending) {
      this.pending = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const resume = () => {
        this.waiters.delete(resume);
        signal.removeEventListener('abort', resume);
        clearTimeout(timer);
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(resume, ms);
      this.waiters.add(resume);
      signal.addEventListener('abort', resume);
    });
  }
}
