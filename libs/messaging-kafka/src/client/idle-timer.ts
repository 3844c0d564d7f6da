import RequestQueue from 'kafkajs/src/network/requestQueue';

const SHORTEST_MS = 10;

/**
 * kafkajs 2.2.4 looks a thousand times a second for requests that wait, also where none does: 4 % of a core per idle
 * client, and a warning about negative timeouts on newer versions of Node. A timer is needed only while the broker throttles or something waits;
 * every answer looks by itself.
 */
export function quietIdleTimer(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function schedule(this: RequestQueue): void {
    if (this.throttleCheckTimeoutId) return;
    const wait = this.throttledUntil - Date.now();
    if (wait <= 0 && this.pending.length === 0) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      Math.max(wait, SHORTEST_MS),
    );
  };
}
