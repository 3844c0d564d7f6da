import type { MessageEvent } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Observable } from 'rxjs';
import { scopeOf } from './request-scope';

export interface WatchOptions<T> {
  /** The last value to send: then the stream ends. */
  readonly until: (value: T) => boolean;
  /** Between two looks. Default 500 ms. */
  readonly intervalMs?: number;
  /** Whether a value is worth sending after the last one that was sent. Default: its JSON differs. */
  readonly changed?: (before: T, now: T) => boolean;
}

/**
 * Server-sent events of a resource with progress, for `@Sse` routes: looks at it in intervals, sends what changed, ends
 * with the value of `until`, when the client goes, or when the process stops. The first value is sent at once.
 */
export function watch<T>(
  request: FastifyRequest,
  load: () => Promise<T>,
  options: WatchOptions<T>,
): Observable<MessageEvent> {
  const { until, intervalMs = 500, changed = differs } = options;
  const { closing } = scopeOf(request);
  return new Observable<MessageEvent>((subscriber) => {
    let timer: NodeJS.Timeout | undefined;
    let sent: { readonly value: T } | undefined;
    const end = (): void => subscriber.complete();
    const look = async (): Promise<void> => {
      const value = await load();
      if (subscriber.closed) return;
      if (!sent || changed(sent.value, value)) {
        sent = { value };
        subscriber.next({ data: value as object });
      }
      if (until(value)) end();
      else timer = setTimeout(run, intervalMs);
    };
    const run = (): void => {
      look().catch((error: unknown) => subscriber.error(error));
    };
    if (closing.aborted) return end();
    closing.addEventListener('abort', end, { once: true });
    run();
    return () => {
      clearTimeout(timer);
      closing.removeEventListener('abort', end);
    };
  });
}

function differs(before: unknown, now: unknown): boolean {
  return JSON.stringify(before) !== JSON.stringify(now);
}
