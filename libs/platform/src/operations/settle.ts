import type { EventStore } from '@muster/event-store';
import type { OperatedBus } from '@muster/messaging';
import type { INestApplication } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { EVENT_STORE, INTEGRATION_BUS } from '../tokens';
import { BackgroundWork } from './background-work';
import { Runners } from './runners';

/**
 * Waits until nothing moves any more: every projection and consumer has scanned the head of the store, every worker is idle, and
 * the head is where it was before that was asked. Throws after `timeoutMs`, naming who is not done.
 */
export async function settle(app: INestApplication, timeoutMs = 15_000): Promise<void> {
  const store = app.get<EventStore>(EVENT_STORE);
  const runners = app.get(Runners);
  const bus = app.get<OperatedBus>(INTEGRATION_BUS);
  const work = app.get(BackgroundWork);
  const deadline = Date.now() + timeoutMs;
  const left = (): number => Math.max(1, deadline - Date.now());
  let unfinished: readonly string[] = [];
  while (Date.now() < deadline) {
    const head = await store.head();
    unfinished = [
      ...(await runners.behind(head, left())),
      ...((await bus.waitFor(head, left())) && !bus.busy ? [] : ['the consumers of integration events']),
      ...(await work.busy()).map((worker) => `the worker ${worker}`),
    ];
    if (unfinished.length === 0 && (await store.head()) === head) return;
    await sleep(10);
  }
  throw new Error(
    `not settled after ${String(timeoutMs)} ms; waiting for: ${unfinished.join(', ') || 'the event store'}`,
  );
}
