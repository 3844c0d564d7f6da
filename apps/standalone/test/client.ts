import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, of the type that the caller says. */
  json<T = Record<string, unknown>>(): T;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface ImportState {
  readonly state: 'uploading' | 'queued' | 'running' | 'completed' | 'failed';
  readonly reason: string | null;
  readonly rows: {
    readonly read: number;
    readonly accepted: number;
    readonly rejected: number;
    readonly inserted: number;
    readonly updated: number;
    readonly unchanged: number;
  };
}

type Headings = Readonly<Record<string, string>>;
type Body = object | string | Uint8Array | Readable;

/** Muster from outside: HTTP and nothing else. Every call that is not answered with 2xx throws, but for {@link send}. */
export class Client {
  /** Where the last command ended: what is read afterwards is at least as new. */
  private position = '';

  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  /** Strings, bytes and streams go as they are (give a content type), other objects as JSON. */
  async send(method: string, path: string, body?: Body, headers: Headings = {}): Promise<Reply> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path.startsWith('/health') ? '' : '/api/v1'}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body !== undefined && !raw && { 'content-type': 'application/json' }),
        ...(method === 'GET' && this.position !== '' && { 'muster-min-position': this.position }),
        ...headers,
      },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const position = response.headers.get('muster-position') ?? '';
    if (position > this.position) this.position = position;
    return { status: response.status, headers: response.headers, text, json: <T>() => JSON.parse(text) as T };
  }

  async call<T>(method: string, path: string, body?: Body, headers?: Headings): Promise<T> {
    const reply = await this.send(method, path, body, headers);
    if (reply.status >= 300)
      throw new Error(`${method} ${path}: ${String(reply.status)} ${reply.text.slice(0, 2_000)}`);
    return reply.text === '' ? (undefined as T) : reply.json<T>();
  }

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  post<T>(path: string, body?: Body, headers?: Headings): Promise<T> {
    return this.call<T>('POST', path, body, headers);
  }

  /** Every item of a list, page by page. */
  async all<T>(path: string, limit = 1000): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: String(limit), ...(cursor !== null && { cursor }) });
      const page: Page<T> = await this.get<Page<T>>(`${path}${path.includes('?') ? '&' : '?'}${query.toString()}`);
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  /** Uploads a file and waits until the import has ended, watching its events. */
  async import(
    databaseId: string,
    file: string | Uint8Array,
    query: readonly (readonly [string, string])[] = [],
    headers: Headings = {},
  ): Promise<ImportState> {
    const path = `/profile-databases/${databaseId}/imports?${new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()}`;
    const { importId } = await this.post<{ importId: string }>(path, file, { 'content-type': 'text/csv', ...headers });
    const states = await this.watch<ImportState>(`/imports/${importId}/events`);
    const last = states.at(-1);
    if (!last) throw new Error('the import told nothing');
    return last;
  }

  /** The values of a stream of server-sent events, up to its end. */
  async watch<T>(path: string): Promise<T[]> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      headers: {
        authorization: `Bearer ${this.key}`,
        accept: 'text/event-stream',
        ...(this.position !== '' && { 'muster-min-position': this.position }),
      },
    });
    if (response.status !== 200) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
    const text = await response.text();
    if (text.includes('event: error')) throw new Error(`${path} broke off: ${text}`);
    return text
      .split('\n\n')
      .flatMap((message) => message.split('\n').filter((line) => line.startsWith('data: ')))
      .map((line) => JSON.parse(line.slice('data: '.length)) as T);
  }
}

/** Asks until the answer is the one that is waited for; throws with the last one when it does not come. */
export async function until<T>(
  ask: () => Promise<T>,
  done: (value: T) => boolean,
  { timeoutMs = 60_000, everyMs = 25 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (done(value)) return value;
    if (Date.now() > deadline) {
      throw new Error(`waited ${String(timeoutMs)} ms in vain; at last: ${JSON.stringify(value).slice(0, 2_000)}`);
    }
    await sleep(everyMs);
  }
}
