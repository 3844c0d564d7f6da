import { DomainError, sha256Hex, type Mark } from '@muster/kernel';
import { InjectPool } from '@muster/platform';
import { withTransaction } from '@muster/postgres';
import { Injectable } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { numbersIn } from '../profiles/profiles';
import { TypedTables, type ProfileTable } from '../profiles/typed-tables';
import { checkInteraction, type Interaction } from './interaction';
import type { RawInteraction } from './read-interactions';

export interface RecordedInteractions {
  readonly received: number;
  readonly recorded: number;
  /** Known by the caller's own id. */
  readonly duplicates: number;
  readonly rejected: number;
  /** What is wrong with the first 100 rejected ones: a JSON pointer into the list of rows. */
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

interface Known extends Interaction {
  readonly profileNo: number;
}

const MOST_ERRORS = 100;
const STATEMENT_ROWS = 5_000;
const ANSWER_KEPT = '24 hours';

/** What profiles did. */
@Injectable()
export class Interactions {
  constructor(
    @InjectPool('segments') private readonly pool: Pool,
    private readonly tables: TypedTables,
  ) {}

  /**
   * Records those that are valid and of known profiles; the others are told with their places. All in one transaction,
   * with the answer for a repeat of the same request.
   */
  async record(databaseId: string, raw: readonly RawInteraction[], mark?: Mark): Promise<RecordedInteractions> {
    const table = await this.tables.of(databaseId);
    return withTransaction(this.pool, async (client) => {
      if (mark?.kind !== 'request') return recordIn(client, table, raw);
      const bodyHash = sha256Hex(`${databaseId} ${JSON.stringify(raw)}`);
      const earlier = await earlierAnswer(client, mark.caller, mark.key, bodyHash);
      if (earlier) return earlier;
      const answer = await recordIn(client, table, raw);
      await client.query(
        `INSERT INTO idempotency (caller, key, body_hash, answer, expires) VALUES ($1, $2, $3, $4, now() + $5::interval)`,
        [mark.caller, mark.key, bodyHash, JSON.stringify(answer), ANSWER_KEPT],
      );
      return answer;
    });
  }
}

/** Two with one key at the same time come one after the other. */
async function earlierAnswer(
  client: PoolClient,
  caller: string,
  key: string,
  bodyHash: string,
): Promise<RecordedInteractions | undefined> {
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`idempotency:${caller}:${key}`]);
  await client.query('DELETE FROM idempotency WHERE caller = $1 AND key = $2 AND expires < now()', [caller, key]);
  const { rows } = await client.query<{ body_hash: string; answer: RecordedInteractions }>(
    'SELECT body_hash, answer FROM idempotency WHERE caller = $1 AND key = $2',
    [caller, key],
  );
  const found = rows[0];
  if (found && found.body_hash !== bodyHash) {
    throw new DomainError('IDEMPOTENCY_KEY_REUSED', { detail: 'The key was used with another body.' });
  }
  return found?.answer;
}

async function recordIn(
  client: PoolClient,
  table: ProfileTable,
  raw: readonly RawInteraction[],
): Promise<RecordedInteractions> {
  const errors: { path: string; message: string }[] = [];
  let rejected = 0;
  const reject = (place: number, member: string | null, message: string): void => {
    if (++rejected > MOST_ERRORS) return;
    errors.push({ path: `/${String(place)}${member === null ? '' : `/${member}`}`, message });
  };
  const valid: { place: number; interaction: Interaction }[] = [];
  raw.forEach((item, place) => {
    if ('fault' in item && typeof item.fault === 'string') return reject(place, null, item.fault);
    const checked = checkInteraction(item);
    if ('message' in checked) reject(place, checked.member, checked.message);
    else valid.push({ place, interaction: checked });
  });
  const ids = [...new Set(valid.map(({ interaction }) => interaction.externalId))];
  const numbers = await numbersIn(table.table, ids, client);
  const known: Known[] = [];
  for (const { place, interaction } of valid) {
    const profileNo = numbers.get(interaction.externalId);
    if (profileNo === undefined) reject(place, 'externalId', 'no profile has this external id');
    else known.push({ ...interaction, profileNo });
  }
  const recorded = await insert(client, table.interactions, known);
  return { received: raw.length, recorded, duplicates: known.length - recorded, rejected, errors };
}

async function insert(client: PoolClient, table: string, interactions: readonly Known[]): Promise<number> {
  let recorded = 0;
  for (let at = 0; at < interactions.length; at += STATEMENT_ROWS) {
    const { rowCount } = await client.query(
      `INSERT INTO ${table} (profile_no, kind, entity, at, value, channel, campaign_id, activity_id, caller_id)
       SELECT "profileNo", kind, entity, at, value, channel, "campaignId", "activityId", id
       FROM jsonb_to_recordset($1::jsonb) r("profileNo" integer, kind text, entity text, at timestamptz,
         value double precision, channel text, "campaignId" uuid, "activityId" uuid, id text)
       ON CONFLICT (caller_id) DO NOTHING`,
      [JSON.stringify(interactions.slice(at, at + STATEMENT_ROWS))],
    );
    recorded += rowCount ?? 0;
  }
  return recorded;
}
