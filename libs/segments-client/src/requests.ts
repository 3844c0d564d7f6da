import { DomainError } from '@muster/kernel';
import { inSpan, outgoingHeaders } from '@muster/tracing';
import { setTimeout as sleep } from 'node:timers/promises';
import { CircuitBreaker } from './circuit-breaker';
import type { HttpSegmentsApiOptions } from './options';
import { NoAnswer, refusalOf } from './refusals';

/** A call, of which the path is given in parts: each is escaped. */
export interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly json?: unknown;
  readonly bytes?: Uint8Array;
  readonly timeoutMs?: number;
  readonly tries?: number;
}

const REACHABLE_WITHIN_MS = 1_000;

/** Sends calls that may be repeated: with a time-out, a few tries, and a breaker over all of them. */
export class Requests {
  private readonly breaker: CircuitBreaker;
  private readonly origin: string;

  constructor(private readonly options: HttpSegmentsApiOptions & { readonly basePath: string }) {
    this.breaker = new CircuitBreaker(options.breaker);
    this.origin = new URL(options.url).origin;
  }

  async send(outgoing: Outgoing): Promise<Uint8Array> {
    const { tries = 3, retryMs = 100 } = this.options;
    const most = Math.min(tries, outgoing.tries ?? tries);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.sendOnce(outgoing);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        if (attempt >= most || !this.breaker.admits()) throw this.unavailable(error.message);
        const pause = retryMs * 2 ** (attempt - 1);
        await sleep(pause + Math.random() * pause);
      }
    }
  }

  /** An answer that cannot be read is none. */
  read<T>(decode: () => T): T {
    try {
      return decode();
    } catch {
      throw this.unavailable('answers with what cannot be read');
    }
  }

  async unreachable(): Promise<string | null> {
    try {
      const response = await fetch(`${this.origin}/health/live`, { signal: AbortSignal.timeout(REACHABLE_WITHIN_MS) });
      await response.body?.cancel();
      return response.ok ? null : `the segments service at ${this.origin} is not ready`;
    } catch {
      return `the segments service at ${this.origin} does not answer`;
    }
  }

  get breakerIsOpen(): boolean {
    return this.breaker.isOpen;
  }

  private async sendOnce(outgoing: Outgoing): Promise<Uint8Array> {
    const call = nameOf(outgoing);
    const began = performance.now();
    const ended = (outcome: string): void => this.options.onCall?.(call, outcome, (performance.now() - began) / 1_000);
    if (!this.breaker.admits()) {
      ended('spared');
      throw this.unavailable('has not answered for a while and is left alone for some seconds');
    }
    try {
      const bytes = await inSpan({ name: call, kind: 'call' }, () => this.exchange(outgoing));
      this.breaker.succeeded();
      ended('ok');
      return bytes;
    } catch (error) {
      if (error instanceof DomainError) {
        this.breaker.succeeded();
        ended(error.code);
        throw error;
      }
      this.breaker.hasFailed();
      ended('no_answer');
      throw error instanceof NoAnswer ? error : new NoAnswer('does not answer');
    }
  }

  private async exchange(outgoing: Outgoing): Promise<Uint8Array> {
    const response = await fetch(this.urlOf(outgoing), this.requestOf(outgoing));
    if (!response.ok) throw await refusalOf(response);
    return new Uint8Array(await response.arrayBuffer());
  }

  private urlOf({ path, query = {} }: Outgoing): string {
    const url = new URL(`${this.options.basePath}/${path.map(encodeURIComponent).join('/')}`, this.origin);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url.href;
  }

  private requestOf({ method, json, bytes, timeoutMs }: Outgoing): RequestInit {
    const type = bytes ? 'application/octet-stream' : json === undefined ? undefined : 'application/json';
    const body = bytes ?? (json === undefined ? undefined : JSON.stringify(json));
    return {
      method,
      headers: {
        ...outgoingHeaders(),
        authorization: `Bearer ${this.options.apiKey}`,
        ...(type !== undefined && { 'content-type': type }),
      },
      redirect: 'error',
      ...(body !== undefined && { body }),
      ...(timeoutMs !== undefined && { signal: AbortSignal.timeout(timeoutMs) }),
    };
  }

  private unavailable(why: string): DomainError {
    return new DomainError('DEPENDENCY_UNAVAILABLE', { detail: `The segments service ${why}. Try again soon.` });
  }
}

/** The call without its ids: of few values. */
function nameOf({ method, path }: Outgoing): string {
  return `${method} ${path.map((part) => (/^[a-z-]{2,}$/.test(part) ? part : '*')).join('/')}`;
}
