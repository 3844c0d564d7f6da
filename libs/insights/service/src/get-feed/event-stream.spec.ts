import type { IntegrationEvent } from '@muster/contracts';
import type { Position } from '@muster/event-store';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { eventStream } from './event-stream';
import type { FeedStep } from './integration-feed';

const step = (n: number, event = true, caughtUp = false): FeedStep => ({
  place: { position: String(n) as Position },
  caughtUp,
  ...(event && { event: { id: String(n) } as IntegrationEvent }),
});
const cursorOf = ({ position }: FeedStep['place']): string => position;

async function* given(steps: readonly FeedStep[]): AsyncGenerator<FeedStep> {
  for (const one of steps) yield await Promise.resolve(one);
}

async function framesOf(steps: readonly FeedStep[]): Promise<string[]> {
  const frames: string[] = [];
  for await (const frame of eventStream(given(steps), { cursorOf })) frames.push(frame);
  return frames;
}

/** Tells nothing more for a while. */
async function* silent(first: FeedStep, ended?: () => void): AsyncGenerator<FeedStep> {
  try {
    yield first;
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    ended?.();
  }
}

describe('a stream of server-sent events', () => {
  it('gives each event with the cursor behind it', async () => {
    const frames = await framesOf([step(1), step(2)]);
    expect(frames.slice(1)).toEqual(['id: 1\ndata: {"id":"1"}\n\n', 'id: 2\ndata: {"id":"2"}\n\n']);
  });

  it('says once that the client has caught up', async () => {
    const steps = [step(1), step(2, false, false), step(3, false, true), step(4), step(5, false, true)];
    const frames = await framesOf(steps);
    expect(frames.slice(1)).toEqual([
      'id: 1\ndata: {"id":"1"}\n\n',
      'id: 3\nevent: caught-up\ndata: {}\n\n',
      'id: 4\ndata: {"id":"4"}\n\n',
    ]);
  });

  it('says that it is alive, and moves the client on over what is not for it', async () => {
    const frames: string[] = [];
    for await (const frame of eventStream(silent(step(7, false)), { cursorOf, quietMs: 10 })) frames.push(frame);
    expect(frames[1]).toBe(': quiet\nid: 7\n\n');
    expect(frames.length).toBeGreaterThan(2);
  });

  it('makes nothing before a slow client takes it', async () => {
    let made = 0;
    async function* endless(): AsyncGenerator<FeedStep> {
      for (;;) {
        const one = step(++made);
        yield await Promise.resolve({ ...one, event: { id: 'x'.repeat(10_000) } as IntegrationEvent });
      }
    }
    const stream = Readable.from(eventStream(endless(), { cursorOf }), { objectMode: false });
    for (let taken = 0; taken < 10; taken++) {
      stream.read();
      for (let i = 0; i < 100; i++) await turn();
      expect(made).toBeLessThanOrEqual(taken + 1);
    }
    expect(made).toBeGreaterThan(5);
    stream.destroy();
  });

  it('lets go of what it follows when the client goes', async () => {
    let isEnded = false;
    const stream = eventStream(
      silent(step(1), () => (isEnded = true)),
      { cursorOf },
    );
    await stream.next();
    await stream.next();
    await stream.return(undefined);
    expect(isEnded).toBe(true);
  });
});
