import { once } from 'node:events';
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

export interface SentEvent {
  readonly id: string;
  /** `message` where the stream says nothing. */
  readonly event: string;
  readonly data: string;
}

export interface Stream {
  readonly headers: IncomingHttpHeaders;
  /** The next so many events. */
  take(count: number): Promise<SentEvent[]>;
  /** The next events, up to one of that kind. */
  until(isLast: (event: SentEvent) => boolean): Promise<SentEvent[]>;
  /** Resolves when the server ends the stream; for a stream that is not read any more. */
  readonly ended: Promise<void>;
  close(): void;
}

/**
 * A client for server-sent events that reads as specified, and no further than it is asked to. Not with `fetch`, which
 * connects anew when it was aborted.
 */
export async function openStream(url: string, headers: Readonly<Record<string, string>>): Promise<Stream> {
  const request = get(url, { headers: { accept: 'text/event-stream', ...headers } });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`the answer is ${String(response.statusCode)}`);
  const events = eventsOf(response as AsyncIterable<Buffer>);
  const until = async (isLast: (event: SentEvent) => boolean): Promise<SentEvent[]> => {
    const taken: SentEvent[] = [];
    for (;;) {
      const { value, done } = await events.next();
      if (done === true) throw new Error(`the stream ended after ${String(taken.length)} events`);
      taken.push(value);
      if (isLast(value)) return taken;
    }
  };
  return {
    headers: response.headers,
    take: (count) => {
      let left = count;
      return until(() => --left === 0);
    },
    until,
    get ended() {
      return (async () => {
        while ((await events.next()).done !== true);
      })();
    },
    close: () => request.destroy(),
  };
}

async function* eventsOf(body: AsyncIterable<Buffer>): AsyncGenerator<SentEvent, void> {
  const decoder = new TextDecoder();
  let text = '';
  let id = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => fieldOf(line)));
      id = fields.get('id') ?? id;
      const data = fields.get('data');
      if (data !== undefined) yield { id, event: fields.get('event') ?? 'message', data };
    }
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(': ');
  return [line.slice(0, colon), line.slice(colon + 2)];
}
