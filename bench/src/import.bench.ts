import { startTestApp, type TestApp } from '@muster/platform/testing';
import { copyIn, createPool } from '@muster/postgres';
import { SegmentsModule } from '@muster/segments-service';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import type { Pool } from 'pg';
import { to } from 'pg-copy-streams';
import type { Figure } from './figure';

const FIELDS = [
  { name: 'first_name', type: 'string' },
  { name: 'city', type: 'string' },
  { name: 'segment_code', type: 'string' },
  { name: 'age', type: 'integer' },
  { name: 'orders', type: 'integer' },
  { name: 'points', type: 'integer' },
  { name: 'balance', type: 'decimal' },
  { name: 'score', type: 'decimal' },
  { name: 'subscribed', type: 'boolean' },
  { name: 'birthday', type: 'date' },
  { name: 'last_order', type: 'date' },
  { name: 'seen_at', type: 'datetime' },
];
const CITIES = ['Bergen', 'Oslo', 'København', 'Malmö', 'Göteborg', 'Turku', 'Aarhus', 'Łódź'];
const NAMES = ['Ada', 'Bo', 'Carl', 'Dagny', 'Eva', 'Finn', 'Gro', 'Hans', 'Ida', 'Jon'];

/**
 * Importing `rows` profiles of 12 fields by HTTP (upload, validation, numbers in the log, table), against a plain COPY
 * of the same rows into the same table with its indexes on the same server; the peak memory of the process; and
 * importing the same file again, which changes nothing.
 */
export async function benchImport(connectionString: string, rows = 1_000_000): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-import-'));
  const pool = createPool({ connectionString });
  const muster = await startTestApp([SegmentsModule], { databaseUrl: connectionString });
  try {
    const csv = join(folder, 'profiles.csv');
    await pipeline(Readable.from(lines(rows)), createWriteStream(csv));
    const created = await muster.request('POST', '/api/v1/profile-databases', { name: 'Bench', fields: FIELDS });
    const { databaseId } = created.json<{ databaseId: string }>();
    const memory = watchMemory();
    const first = await importFile(muster, databaseId, csv);
    const second = await importFile(muster, databaseId, csv);
    const peak = memory.stop();
    const floor = await copyFloor(pool, databaseId, join(folder, 'rows'));
    const name = `import of ${String(rows)} profiles`;
    return [
      { name, unit: 'ms', value: first.total, floor, ratio: first.total / floor, must: 3, aim: 2 },
      { name: `${name}: upload alone`, unit: 'ms', value: first.upload, floor, ratio: first.upload / floor },
      { name: `${name}, all known and unchanged`, unit: 'ms', value: second.total, floor, ratio: second.total / floor },
      { name: `${name}: peak memory of the process`, unit: 'MiB', value: peak, must: 256 },
    ];
  } finally {
    await muster.close();
    await pool.end();
    await rm(folder, { recursive: true, force: true });
  }
}

function* lines(rows: number): Generator<string> {
  yield `externalId,${FIELDS.map((field) => field.name).join(',')}\n`;
  let text = '';
  for (let i = 0; i < rows; i++) {
    text += line(i);
    if (text.length < 65_536) continue;
    yield text;
    text = '';
  }
  yield text;
}

/** Values spread over their ranges by a multiplicative hash: the same file every time. */
function line(i: number): string {
  const h = Math.imul(i + 1, 2654435761) >>> 0;
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${two(1 + (h % 12))}-${two(1 + ((h >>> 8) % 28))}`;
  return [
    `customer-${h.toString(16).padStart(8, '0')}`,
    NAMES[h % 10],
    (h & 7) === 0 ? `"${CITIES[(h >>> 3) & 7] ?? ''}, centre"` : CITIES[(h >>> 3) & 7],
    `code-${String(h % 997)}`,
    18 + (h % 70),
    h % 43,
    h % 100_000,
    ((h % 2_000_000) / 100 - 5000).toFixed(2),
    ((h % 1000) / 1000).toFixed(3),
    (h & 1) === 0 ? 'true' : 'false',
    `${String(1940 + (h % 65))}-${day}`,
    (h & 15) === 0 ? '' : `2025-${day}`,
    `2026-${day}T${two(h % 24)}:${two((h >>> 4) % 60)}:${two((h >>> 9) % 60)}Z\n`,
  ].join(',');
}

/** Milliseconds until the file is in, and until the import is complete. */
async function importFile(muster: TestApp, databaseId: string, file: string) {
  const url = `${await muster.url()}/api/v1/profile-databases/${databaseId}/imports`;
  const headers = { authorization: `Bearer ${muster.adminKey}`, 'content-type': 'text/csv' };
  const start = performance.now();
  const location = await new Promise<string>((resolve, reject) => {
    const upload = request(url, { method: 'POST', headers }, (response) => {
      response.resume();
      if (response.statusCode === 202) resolve(String(response.headers.location));
      else reject(new Error(`the import was answered with ${String(response.statusCode)}`));
    });
    pipeline(createReadStream(file), upload).catch(reject);
  });
  const upload = performance.now() - start;
  for (;;) {
    const { state } = (await muster.request('GET', location)).json<{ state: string }>();
    if (state === 'failed') throw new Error('the import failed');
    if (state === 'completed') return { upload, total: performance.now() - start };
    await setTimeout(20);
  }
}

/** COPY of the imported rows, in their order, into an empty table of the same shape: the better of two. */
async function copyFloor(pool: Pool, databaseId: string, file: string): Promise<number> {
  const { rows } = await pool.query<{ suffix: number; columns: string[] }>(
    `SELECT suffix, ARRAY(SELECT f ->> 'column' FROM jsonb_array_elements(fields) f) AS columns
     FROM segments.profile_table WHERE database_id = $1`,
    [databaseId],
  );
  const { suffix = 0, columns = [] } = rows[0] ?? {};
  const list = ['profile_no', 'external_id', ...columns].join(', ');
  const client = await pool.connect();
  try {
    await pipeline(
      client.query(to(`COPY (SELECT ${list} FROM segments.p_${String(suffix)} ORDER BY profile_no) TO STDOUT`)),
      createWriteStream(file),
    );
    const times: number[] = [];
    for (let round = 0; round < 2; round++) {
      await client.query(`CREATE TABLE segments.floor (LIKE segments.p_${String(suffix)} INCLUDING ALL)`);
      const start = performance.now();
      await copyIn(
        client,
        `COPY segments.floor (${list}) FROM STDIN`,
        createReadStream(file, { highWaterMark: 65_536 }),
      );
      times.push(performance.now() - start);
      await client.query('DROP TABLE segments.floor');
    }
    return Math.min(...times);
  } finally {
    client.release();
  }
}

function watchMemory(): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 50);
  return {
    stop() {
      clearInterval(timer);
      return Math.round(peak / 1024 ** 2);
    },
  };
}
