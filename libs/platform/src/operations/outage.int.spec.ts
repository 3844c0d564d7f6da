import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { EventStore } from '@muster/event-store';
import { EventStoreDbDouble } from '@muster/event-store-eventstoredb/testing';
import { SYSTEM } from '@muster/kernel';
import { createPool } from '@muster/postgres';
import { Controller, Inject, Module, Post } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Public } from '../http/access.decorators';
import { ForeignEventStore } from '../known-log';
import { startTestApp, type TestApp } from '../testing';
import { EVENT_STORE } from '../tokens';

@Controller('notes')
class NotesController {
  constructor(@Inject(EVENT_STORE) private readonly store: EventStore) {}

  @Public()
  @Post()
  async note(): Promise<object> {
    const metadata = { v: 1, time: '2026-01-01T00:00:00.000Z', actor: SYSTEM, correlationId: 'c' };
    await this.store.append(`note-${randomUUID()}`, 'noStream', [
      { id: randomUUID(), type: 'Noted', data: {}, metadata },
    ]);
    return {};
  }
}

@Module({ controllers: [NotesController] })
class NotesModule {}

describe('a process whose events are in EventStoreDB', () => {
  let double: EventStoreDbDouble;
  let database: TestDatabase;
  let test: TestApp;

  const start = (adapters: { eventStoreDbUrl?: string }): Promise<TestApp> =>
    startTestApp([NotesModule], { databaseUrl: database.connectionString, adapters });
  const health = async (path: string) => {
    const { status, text } = await test.request('GET', `/health/${path}`, undefined, { authorization: '' });
    return { status, body: JSON.parse(text) as object };
  };

  beforeAll(async () => {
    [double, database] = await Promise.all([EventStoreDbDouble.start(), createTestDatabase()]);
    test = await start({ eventStoreDbUrl: double.connectionString });
  });
  afterAll(async () => {
    await test.close();
    await double.stop();
    await database.drop();
  });

  it('refuses commands while that is away, says so, lives, and goes on when it is back', async () => {
    expect((await test.request('POST', '/api/v1/notes', {})).status).toBe(201);
    expect(await health('ready')).toEqual({ status: 200, body: { status: 'ready', reasons: [] } });
    await double.kill();
    const refused = await test.request('POST', '/api/v1/notes', {});
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('5');
    expect(refused.json()).toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
      detail: 'The event store does not answer. Try again soon.',
    });
    expect(await health('ready')).toEqual({
      status: 503,
      body: { status: 'unavailable', reasons: ['the event store does not answer'] },
    });
    expect((await health('live')).status).toBe(200);
    expect((await test.request('GET', '/metrics')).status).toBe(200);
    await double.restart();
    for (let tries = 0; tries < 400 && (await health('ready')).status !== 200; tries++) await sleep(25);
    expect((await test.request('POST', '/api/v1/notes', {})).status).toBe(201);
    expect(await health('ready')).toEqual({ status: 200, body: { status: 'ready', reasons: [] } });
  });

  it('keeps its events there, and starts on no other log with this database', async () => {
    await expect(start({})).rejects.toThrow(ForeignEventStore);
    const pool = createPool({ connectionString: database.connectionString });
    const { rows } = await pool.query('SELECT store_id AS known FROM platform.event_log');
    expect(rows).toEqual([{ known: test.store.storeId }]);
    await pool.end();
  });
});
