import { WrongUsage } from '../failures';
import type { Tool } from '../tool';

/** What audiences could not take of what was filed for them, as one more consumer. */
export const PARKED_WORK = 'audiences.worker';

/** A source (a segment's changes, a campaign's life cycle) that one audience cannot go on with. */
export interface ParkedWork {
  readonly campaignId: string;
  readonly sourceStream: string;
  /** Of the event that it stands at. */
  readonly revision: number;
  readonly attempts: number;
  readonly reason: string;
  /** It is tried again by itself, at most a minute after the last attempt. */
  readonly retryAt: Date;
  /** What was filed of the source and lies ahead, that event included. */
  readonly rows: number;
}

export async function parkedWork({ surroundings }: Tool): Promise<readonly ParkedWork[]> {
  if (!(await surroundings.contextsWith('parked')).includes('audiences')) return [];
  const { rows } = await surroundings.pool('audiences').query<ParkedWork>(
    `SELECT p.campaign_id AS "campaignId", p.source_stream AS "sourceStream", p.revision, p.attempts, p.reason,
       p.retry_at AS "retryAt", (SELECT count(*)::integer FROM intake i
         WHERE i.source_stream = p.source_stream AND i.revision >= p.revision) AS rows
     FROM parked p ORDER BY p.campaign_id, p.source_stream`,
  );
  return rows;
}

/** What was filed of the source from where the audience stands, as it came. */
export async function filedFor({ surroundings }: Tool, key: string): Promise<readonly unknown[]> {
  const { campaignId, sourceStream } = parts(key);
  const { rows } = await surroundings.pool('audiences').query<Readonly<Record<string, unknown>>>(
    `SELECT i.kind, i.revision, i.filed_at AS "filedAt", i.correlation_id AS "correlationId", i.payload::json AS payload
     FROM parked p JOIN intake i ON i.source_stream = p.source_stream AND i.revision >= p.revision
     WHERE p.campaign_id = $1 AND p.source_stream = $2 ORDER BY i.id`,
    [campaignId, sourceStream],
  );
  return rows;
}

/** The worker looks every second for what is due. */
export async function retryWork({ surroundings }: Tool, key: string): Promise<void> {
  const { campaignId, sourceStream } = parts(key);
  await surroundings
    .pool('audiences')
    .query('UPDATE parked SET retry_at = now() WHERE campaign_id = $1 AND source_stream = $2', [
      campaignId,
      sourceStream,
    ]);
}

/** Nothing of it can be left out: the audience would be another than its segment and its campaign say. */
export function refuseDrop(key: string): never {
  const { campaignId, sourceStream } = parts(key);
  const way = sourceStream.startsWith('segment')
    ? `deactivate the campaign ${campaignId} and activate it again, which reads the segment anew`
    : `cancel the build of the campaign ${campaignId}, or mend the reason and retry`;
  throw new WrongUsage(`an audience cannot leave out what happened to ${sourceStream}: ${way}`);
}

function parts(key: string): { readonly campaignId: string; readonly sourceStream: string } {
  const [campaignId = '', sourceStream = ''] = key.split('/', 2);
  return { campaignId, sourceStream };
}
