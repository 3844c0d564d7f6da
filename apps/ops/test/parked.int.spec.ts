import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import { outgoingEvent } from '@muster/contracts';
import { PostgresConsumerStorage } from '@muster/messaging';
import type { TestApp } from '@muster/platform/testing';
import { createPool } from '@muster/postgres';
import type { Pool } from 'pg';
import { startServices, until } from './installation';
import { musterOps } from './muster-ops';

jest.setTimeout(120_000);

const CONSUMER = 'audiences.intake';
const CAMPAIGN = '22222222-2222-4222-8222-222222222222';

let database: TestDatabase;
let app: TestApp;
let pool: Pool;

const ops = (...args: string[]) => musterOps({ DATABASE_URL: database.connectionString }, ...args);

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startServices(database.connectionString);
  const url = new URL(database.connectionString);
  url.searchParams.set('options', '-c search_path=audiences');
  pool = createPool({ connectionString: url.href });
});
afterAll(async () => {
  await pool.end();
  await app.close();
  await database.drop();
});

/** As the bus does it after five tries: this event and one that waits behind it. */
async function park(key: string): Promise<void> {
  const storage = new PostgresConsumerStorage(pool);
  const delivery = (revision: number, type: string) =>
    outgoingEvent(
      {
        position: '1',
        id: '6f0e3d2c-0000-4000-8000-00000000000' + String(revision),
        stream: `campaign-${key}`,
        revision,
        metadata: { time: '2026-01-01T00:00:00.000Z', correlationId: 'c' },
      },
      {
        context: 'campaigns',
        feed: 'lifecycle',
        name: type,
        version: 1,
        n: 0,
        subject: key,
        data: { campaignId: key },
      },
    );
  await storage.park(CONSUMER, delivery(0, 'CampaignDeactivated'), 5, 'it cannot be filed');
  await storage.parkBehind(CONSUMER, delivery(1, 'CampaignDeactivated'));
}

describe('what a consumer has set aside', () => {
  const key = '33333333-3333-4333-8333-333333333333';

  it('is nothing at first', async () => {
    const { code, out, err } = await ops('parked', 'list');
    expect([code, out, err]).toEqual([0, '', 'Nothing is set aside.\n']);
    const retried = await ops('parked', 'retry', CONSUMER, key);
    expect([retried.code, retried.err]).toEqual([2, 'muster-ops: nothing is set aside\n']);
  });

  it('is listed by key, with the reason', async () => {
    await park(key);
    const { code, out } = await ops('parked', 'list');
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`${CONSUMER} +${key} +2 +5 +\\S+Z +- +it cannot be filed\n`));
    const shown = (await ops('parked', 'show', CONSUMER, key)).json<{ events: { delivery: { event: object } }[] }>();
    expect(shown.events.map(({ delivery }) => delivery.event)).toEqual([
      expect.objectContaining({ id: `campaign-${key}/0/0` }),
      expect.objectContaining({ id: `campaign-${key}/1/0` }),
    ]);
  });

  it('is told where another is asked for', async () => {
    const wrongKey = await ops('parked', 'show', CONSUMER, 'other');
    expect([wrongKey.code, wrongKey.err]).toEqual([
      2,
      `muster-ops: ${CONSUMER} has set aside no key other; it has: ${key}\n`,
    ]);
    const wrongConsumer = await ops('parked', 'retry', 'campaigns.audience-progress', key);
    expect([wrongConsumer.code, wrongConsumer.err]).toEqual([
      2,
      `muster-ops: campaigns.audience-progress has set nothing aside; those that have: ${CONSUMER}\n`,
    ]);
  });

  it('is handed to the running consumer again by retry', async () => {
    // The bus looks for requests while it knows of something parked: it learns of this at its next start.
    await app.close();
    app = await startServices(database.connectionString);
    const { code, out, err } = await ops('parked', 'retry', CONSUMER, key);
    expect([code, out, err]).toEqual([0, `${CONSUMER} ${key}: 2 events will be tried again.\n`, '']);
    await until(async () => (await ops('parked', 'list')).code === 0);
    const { rows } = await pool.query('SELECT revision FROM intake WHERE source_stream = $1 ORDER BY id', [
      `campaign-${key}`,
    ]);
    expect(rows).toEqual([{ revision: 0 }, { revision: 1 }]);
  });

  it('is given up by drop, where that is said to be meant', async () => {
    const other = '44444444-4444-4444-8444-444444444444';
    await park(other);
    const unsure = await ops('parked', 'drop', CONSUMER, other);
    expect([unsure.code, unsure.err]).toEqual([
      2,
      `muster-ops: ${CONSUMER} would never handle 2 events of ${other}; see them with parked show. To do it, add --yes\n`,
    ]);
    const { code, out } = await ops('parked', 'drop', CONSUMER, other, '--yes');
    expect([code, out]).toEqual([0, `${CONSUMER} ${other}: 2 events given up.\n`]);
    expect((await ops('parked', 'list')).code).toBe(0);
  });
});

describe('what an audience cannot take', () => {
  const source = 'segmentMembers-55555555-5555-4555-8555-555555555555';
  const key = `${CAMPAIGN}/${source}`;

  beforeAll(async () => {
    await pool.query(
      `INSERT INTO intake (source_stream, revision, n, kind, key, payload, correlation_id)
       VALUES ($1, 7, 0, 'SegmentMembershipChanged', 'change', '{"segmentId":"s"}', 'c')`,
      [source],
    );
    await pool.query(
      `INSERT INTO parked VALUES ($1, $2, 7, 12, 'The segment is larger than it may be.', now() + interval '1 minute')`,
      [CAMPAIGN, source],
    );
  });

  it('is listed beside what consumers have set aside, and shown with what was filed', async () => {
    const { code, out } = await ops('parked', 'list');
    expect(code).toBe(1);
    expect(out).toMatch(
      new RegExp(`audiences\\.worker +${key} +1 +12 +- +\\S+Z +The segment is larger than it may be\\.\n`),
    );
    const { events } = (await ops('parked', 'show', 'audiences.worker', key)).json<{ events: unknown[] }>();
    expect(events).toEqual([expect.objectContaining({ revision: 7, payload: { segmentId: 's' } })]);
  });

  it('is due at once after retry', async () => {
    const { code } = await ops('parked', 'retry', 'audiences.worker', key);
    expect(code).toBe(0);
    const { rows } = await pool.query('SELECT retry_at <= now() AS due FROM parked');
    expect(rows).toEqual([{ due: true }]);
  });

  it('cannot be dropped, and the way out is told', async () => {
    const { code, err } = await ops('parked', 'drop', 'audiences.worker', key, '--yes');
    expect([code, err]).toEqual([
      2,
      `muster-ops: an audience cannot leave out what happened to ${source}: deactivate the campaign ${CAMPAIGN} and activate it again, which reads the segment anew\n`,
    ]);
  });
});
