import { createTestDatabase, type TestDatabase } from '@muster/embedded/testing';
import type { EventStore } from '@muster/event-store';
import { EVENT_STORE } from '@muster/platform';
import { settle } from '@muster/platform/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone, type Standalone } from '../../src/start-standalone';
import { Client } from '../client';
import { written } from './written-histories';
import { Lane, race, type Access, type Failure } from './lane';

/** `npm run soak` asks for 2,000; ORACLE_SEED=<n> repeats one. */
const SEEDS = Number(process.env['ORACLE_SEEDS'] ?? 500);
const ONLY = process.env['ORACLE_SEED'];
const FIRST = Number(process.env['ORACLE_FIRST'] ?? 1);
const ABREAST = 50;
const MINUTE = 60_000;

jest.setTimeout(2 * MINUTE);

let database: TestDatabase;
let dataDir: string;
let standalone: Standalone;
let access: Access;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'muster-oracle-'));
  const { connectionString: databaseUrl } = database;
  standalone = await startStandalone({ dataDir, databaseUrl, port: 0, logLevel: 'silent' });
  const store = standalone.app.get<EventStore>(EVENT_STORE);
  access = {
    client: new Client(standalone.url, standalone.developmentKey),
    settle: () => settle(standalone.app, MINUTE),
    async record(campaignId, from) {
      const events: { type: string; data: Record<string, unknown> }[] = [];
      for await (const { type, data } of store.readStream(`audience-${campaignId}`, { from })) {
        events.push({ type, data: data as Record<string, unknown> });
      }
      return events;
    },
  };
});
afterAll(async () => {
  await standalone.close();
  await rm(dataDir, { recursive: true, force: true });
  await database.drop();
});

function report(failures: readonly Failure[]): string[] {
  return failures.slice(0, 3).map(({ name, history, error }) => {
    const why = error instanceof Error ? error.message : String(error);
    return `${name}: ${why}\n${history.map((step) => JSON.stringify(step)).join('\n')}`;
  });
}

describe('Muster and a naive Muster in maps and sets agree', () => {
  it(
    'on histories that were written by hand',
    async () => {
      const lanes = written.map(({ name, steps }) => Lane.ofSteps(name, steps, access));
      expect(report(await race(lanes, access.settle))).toEqual([]);
    },
    MINUTE,
  );

  it(
    `on ${ONLY === undefined ? `${String(SEEDS)} random histories` : `the history of seed ${ONLY}`}`,
    async () => {
      const seeds =
        ONLY === undefined ? Array.from({ length: SEEDS }, (_, i) => FIRST + i) : ONLY.split(',').map(Number);
      const failures: Failure[] = [];
      let steps = 0;
      const started = Date.now();
      for (let at = 0; at < seeds.length; at += ABREAST) {
        const lanes = seeds.slice(at, at + ABREAST).map((seed) => Lane.ofSeed(seed, access));
        failures.push(...(await race(lanes, access.settle)));
        steps += lanes.reduce((sum, lane) => sum + lane.steps.length, 0);
        if (failures.length > 3) break;
      }
      const seconds = ((Date.now() - started) / 1000).toFixed(0);
      process.stdout.write(
        `oracle: ${String(seeds.length)} histories, ${String(steps)} steps, ${String(failures.length)} differences, ${seconds} s\n`,
      );
      expect(report(failures)).toEqual([]);
    },
    60 * MINUTE,
  );
});
