import type { IntegrationEvent } from '@muster/contracts';
import { START, type Position } from '@muster/event-store';
import { feedPage, type FeedPageOptions } from './feed-page';
import type { FeedFilter, FeedStep } from './integration-feed';

const filter: FeedFilter = { contexts: ['segments'], feeds: ['sets'] };
const event = (id: string): IntegrationEvent => ({ id }) as IntegrationEvent;
const at = (n: number): FeedStep['place'] => ({ position: String(n) as Position });

/** Tells these and then nothing more, as a log does. */
const feedOf = (steps: readonly FeedStep[]) => ({
  async *follow(_from: unknown, _filter: unknown, signal: AbortSignal): AsyncGenerator<FeedStep> {
    yield* steps;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
});
const never = new AbortController().signal;
const pageOf = (steps: readonly FeedStep[], options: Partial<FeedPageOptions> = {}) =>
  feedPage(feedOf(steps), { position: START }, filter, { limit: 10, waitMs: 0, signal: never, ...options });

describe('a page of the feed', () => {
  it('ends before the event that would make it too large, and the next one begins with that', async () => {
    const steps = [1, 2, 3].map((n) => ({ place: at(n), event: event('x'.repeat(400)), caughtUp: false }));
    const { items, place } = await pageOf(steps, { maxBytes: 1_000 });
    expect([items.length, place]).toEqual([2, at(2)]);
  });

  it('holds an event that is too large for any page alone', async () => {
    const steps = [1, 2].map((n) => ({ place: at(n), event: event('x'.repeat(4_000)), caughtUp: false }));
    expect((await pageOf(steps, { maxBytes: 1_000 })).place).toEqual(at(1));
  });

  it('does not wait where something has come', async () => {
    const steps = [
      { place: at(1), event: event('1'), caughtUp: false },
      { place: at(2), caughtUp: true },
    ];
    expect(await pageOf(steps, { waitMs: 30_000 })).toEqual({ items: [event('1')], place: at(2), caughtUp: true });
  });

  it('reads on where nothing passed the filter and the end is not reached', async () => {
    const steps = [
      { place: at(1), caughtUp: false },
      { place: at(2), event: event('2'), caughtUp: false },
      { place: at(3), caughtUp: true },
    ];
    expect(await pageOf(steps)).toEqual({ items: [event('2')], place: at(3), caughtUp: true });
  });

  it('ends before an event that cannot be told, and fails where it would begin with that', async () => {
    const failing = {
      async *follow({ position }: FeedStep['place']): AsyncGenerator<FeedStep> {
        if (position === START) yield { place: at(1), event: event('1'), caughtUp: false };
        await Promise.reject(new Error('of a newer version'));
      },
    };
    const page = (from: Position) =>
      feedPage(failing, { position: from }, filter, { limit: 10, waitMs: 0, signal: never });
    expect(await page(START)).toEqual({ items: [event('1')], place: at(1), caughtUp: false });
    await expect(page(at(1).position)).rejects.toThrow('of a newer version');
  });

  it('is answered when the process stops', async () => {
    const stopping = new AbortController();
    const answered = pageOf([{ place: at(4), caughtUp: true }], { waitMs: 30_000, signal: stopping.signal });
    stopping.abort();
    expect(await answered).toEqual({ items: [], place: at(4), caughtUp: true });
  });
});
