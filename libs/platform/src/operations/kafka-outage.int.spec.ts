import { KafkaBus } from '@muster/messaging-kafka';
import type { OperatedBus } from '@muster/messaging';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContextModule } from '../context/context.module';
import { startTestApp, type TestApp } from '../testing';
import { INTEGRATION_BUS } from '../tokens';

@Module({ imports: [ContextModule.forContext({ context: 'campaigns', migrations: [] })] })
class ListeningModule implements OnModuleInit {
  constructor(@Inject(INTEGRATION_BUS) private readonly bus: OperatedBus) {}

  onModuleInit(): void {
    const subscriptions = [{ context: 'segments', feed: 'sets' }] as const;
    this.bus.addConsumer({
      name: 'campaigns.listener',
      subscriptions,
      handles: [],
      handle: () => Promise.resolve(),
    });
    this.bus.addTranslation({ context: 'campaigns', categories: ['campaign'], translate: () => Promise.resolve([]) });
  }
}

/** Nobody listens there. */
const nowhere = {
  connection: { brokers: ['127.0.0.1:1'], ssl: false },
  topics: { replicationFactor: 1, minInsyncReplicas: 1 },
  sessionTimeoutMs: 6_000,
};

describe('a process whose Kafka is away', () => {
  let test: TestApp;
  const broken: string[] = [];
  beforeAll(async () => {
    const onBroken = (reason: string): void => {
      broken.push(reason);
    };
    test = await startTestApp([ListeningModule], { adapters: { kafka: nowhere, onBroken } });
  });
  afterAll(() => test.close());

  it('answers requests, says what is missing, and neither stops nor ends', async () => {
    let ready: { status: string; reasons: string[] } = { status: '', reasons: [] };
    for (let tries = 0; tries < 1_000 && !ready.reasons.join().includes('ECONNREFUSED'); tries++) {
      ready = (await test.request('GET', '/health/ready')).json(ready);
      await sleep(25);
    }
    expect(ready).toEqual({
      status: 'degraded',
      reasons: ['Kafka at 127.0.0.1:1 does not answer (ECONNREFUSED)'],
    });
    expect((await test.request('GET', '/health/ready')).status).toBe(200);
    const bus = test.app.get<OperatedBus>(INTEGRATION_BUS);
    expect(bus).toBeInstanceOf(KafkaBus);
    expect((await bus.status()).map(({ name, kind, state }) => ({ name, kind, state }))).toEqual([
      { name: 'campaigns.relay-lifecycle', kind: 'relay', state: 'running' },
      { name: 'campaigns.listener', kind: 'consumer', state: 'running' },
    ]);
    expect(broken).toEqual([]);
  });

  it('tells figures of relays and consumers', async () => {
    const { text } = await test.request('GET', '/metrics');
    for (const line of [
      'muster_relay_lag_events{relay="campaigns.relay-lifecycle"} 0',
      'muster_relay_stopped{relay="campaigns.relay-lifecycle"} 0',
      'muster_consumer_stopped{consumer="campaigns.listener"} 0',
      'muster_consumer_parked_keys{consumer="campaigns.listener"} 0',
      'muster_dead_letters_total{consumer="campaigns.listener"} 0',
    ]) {
      expect(text).toContain(line);
    }
  });
});
