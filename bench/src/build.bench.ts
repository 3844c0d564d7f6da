import { AudiencesModule } from '@muster/audiences-service';
import type { MembershipBlock, MembershipPage, MembershipRequest, SegmentsApi } from '@muster/contracts';
import { campaignEvents, campaignsTranslation } from '@muster/campaigns-events';
import { audienceEvents } from '@muster/audiences-events';
import { START, type EventStore } from '@muster/event-store';
import { SYSTEM } from '@muster/kernel';
import type { IntegrationBus } from '@muster/messaging';
import { INTEGRATION_BUS, SEGMENTS_API } from '@muster/platform';
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { BLOCK_SIZE, ProfileSet } from '@muster/profile-set';
import { segmentsTranslation } from '@muster/segments-events';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Figure } from './figure';

const STRATA = 12;
const ROUNDS = 5;
const MEGABYTE = 1024 * 1024;

@Module({})
class OtherServices implements OnModuleInit {
  constructor(@Inject(INTEGRATION_BUS) private readonly bus: IntegrationBus) {}

  onModuleInit(): void {
    this.bus.addTranslation(campaignsTranslation);
    this.bus.addTranslation(segmentsTranslation);
  }
}

/**
 * The build of an audience alone: from the campaign's activation in the log to the closing event, with a segment that
 * is answered from memory. Four of five profile numbers are members, of random strata; 10 % become control.
 */
export async function benchBuild(connectionString: string, members = 1_000_000): Promise<Figure[]> {
  const segment = new SegmentInMemory(members);
  const test = await startTestApp(
    [{ module: AudiencesModule, providers: [{ provide: SEGMENTS_API, useValue: segment }] }, OtherServices],
    { databaseUrl: connectionString },
  );
  try {
    const times: number[] = [];
    let rss = 0;
    const sampling = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), 5);
    let campaignId = '';
    for (let round = 0; round < ROUNDS; round++) {
      campaignId = randomUUID();
      times.push(await timeOf(test.store, campaignId));
      await test.settle(60_000);
    }
    clearInterval(sampling);
    const name = `build of ${String(members)} profiles`;
    return [
      { name, unit: 'ms', value: median(times), aim: 1_000 },
      {
        name: `${name}, log bytes per membership`,
        unit: 'bytes',
        value: (await logBytes(test, campaignId)) / members,
        must: 4,
        aim: 2,
      },
      { name: `${name}, memory`, unit: 'MB', value: rss / MEGABYTE, must: 512, aim: 384 },
    ];
  } finally {
    await test.close();
  }
}

/** Milliseconds from the append of the activation to the closing event of the build. */
async function timeOf(store: EventStore, campaignId: string): Promise<number> {
  const ending = new AbortController();
  const stream = audienceEvents.stream(campaignId);
  const head = await store.head();
  const built = (async () => {
    for await (const { events } of store.subscribe({
      after: head === START ? START : head,
      categories: [audienceEvents.category],
      signal: ending.signal,
    })) {
      if (events.some((event) => event.stream === stream && event.type === 'AudienceBuilt')) return performance.now();
    }
    throw new Error('the subscription ended');
  })();
  const started = performance.now();
  await store.append(campaignEvents.stream(campaignId), 'noStream', [
    {
      id: randomUUID(),
      type: 'CampaignActivated',
      data: {
        campaignId,
        buildId: randomUUID(),
        databaseId: randomUUID(),
        segmentId: randomUUID(),
        lcg: { basisPoints: 1000, count: null },
        stratification: {
          hash: 'ab'.repeat(32),
          strata: Array.from({ length: STRATA }, (_, i) => i.toString(16).padStart(16, '0')),
        },
      },
      metadata: { v: 1, time: new Date().toISOString(), actor: SYSTEM, correlationId: randomUUID() },
    },
  ]);
  const ended = await built;
  ending.abort();
  return ended - started;
}

async function logBytes({ store }: TestApp, campaignId: string): Promise<number> {
  let bytes = 0;
  for await (const { type, data, metadata } of store.readStream(audienceEvents.stream(campaignId))) {
    bytes += type.length + JSON.stringify(data).length + JSON.stringify(metadata).length;
  }
  return bytes;
}

/** A segment whose pages are made beforehand. */
class SegmentInMemory implements Pick<SegmentsApi, 'prepareMembership' | 'membership'> {
  private readonly blocks: MembershipBlock[] = [];

  constructor(members: number) {
    const random = generator();
    let left = members;
    for (let block = 0; left > 0; block++) {
      const numbers: number[] = [];
      for (let low = 0; low < BLOCK_SIZE && left > 0; low++) {
        if (random() >= 0.8) continue;
        numbers.push(block * BLOCK_SIZE + low);
        left--;
      }
      const codes = Uint16Array.from(numbers, () => Math.floor(random() * STRATA));
      this.blocks.push({ block, members: ProfileSet.fromSorted(Uint32Array.from(numbers)).encode(), codes });
    }
  }

  prepareMembership(): Promise<void> {
    return Promise.resolve();
  }

  membership({ after = -1, limit }: MembershipRequest): Promise<MembershipPage> {
    const rest = this.blocks.filter(({ block }) => block > after);
    const blocks = rest.slice(0, limit);
    return Promise.resolve({
      revision: 0,
      blocks,
      nextAfter: rest.length > limit ? (blocks.at(-1)?.block ?? null) : null,
    });
  }
}

/** The same numbers in [0, 1) every time (xorshift). */
function generator(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
