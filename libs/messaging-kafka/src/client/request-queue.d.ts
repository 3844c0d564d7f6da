declare module 'kafkajs/src/network/requestQueue' {
  /** What one connection has sent and not, of kafkajs 2.2.4: the parts that the idle timer hangs on. */
  class RequestQueue {
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    pending: unknown[];
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
  export = RequestQueue;
}
