import { START, type Position } from '@muster/event-store';
import { placeInCopy } from '@muster/event-store-copy';
import { roleOf } from '@muster/platform/config';
import { withTransaction, type Queryable } from '@muster/postgres';
import { escapeIdentifier } from 'pg';
import { storedCheckpoints, type StoredCheckpoint } from '../checkpoints/checkpoint-states';
import { Failure, WrongUsage } from '../failures';
import type { OpenLog } from '../open-log';
import type { Surroundings } from '../surroundings';
import type { Tool } from '../tool';

/** A log that is still written would go on without its copy. Services with EVENT_STORE=postgres find it in their database. */
export async function refuseWhileRunning({ surroundings }: Tool, to: string): Promise<void> {
  const { databaseUrl } = surroundings.environment;
  const running = await surroundings.running();
  if (running.length > 0) {
    throw new Failure(`services are running on this database (${running.join(', ')}): stop them, then finish`);
  }
  if (to.startsWith('postgres') && !isSameDatabase(to, databaseUrl)) {
    throw new WrongUsage('--to is another database than DATABASE_URL, and services read a log in Postgres from there');
  }
}

/**
 * What followed the old log goes on in the new one: relays and consumers at the same event; read models keep what they
 * show, stand still, and are built anew from the first event by their owners, because their rows hold positions too. All
 * in one transaction, and once for a pair of logs.
 */
export async function moveFollowers(tool: Tool, from: OpenLog, to: OpenLog): Promise<void> {
  const { surroundings, output } = tool;
  await requireBelonging(surroundings, from, to);
  const checkpoints = await storedCheckpoints(tool);
  const moved: (StoredCheckpoint & { readonly to: Position })[] = [];
  for (const checkpoint of checkpoints) {
    moved.push({ ...checkpoint, to: await placeInCopy(from.store, to.store, checkpoint.position) });
  }
  const withProjections = await surroundings.contextsWith('projection_checkpoint');
  let readModels = 0;
  await withTransaction(surroundings.database, async (client) => {
    await noteMove(client, from.store.storeId, to.store.storeId);
    for (const checkpoint of moved) {
      await actAs(client, checkpoint.context);
      const { rowCount } = await client.query(
        `UPDATE ${escapeIdentifier(checkpoint.context)}.consumer_checkpoint
         SET position = $3, owner_epoch = owner_epoch + 1, moved_at = now() WHERE consumer = $1 AND position = $2`,
        [checkpoint.name, checkpoint.position, checkpoint.to],
      );
      if (rowCount !== 1) throw new Failure(`${checkpoint.name} moves: a service is running; stop it and finish again`);
    }
    for (const context of withProjections) {
      await actAs(client, context);
      readModels += await buildAnew(client, escapeIdentifier(context));
    }
  });
  output.line(`${String(moved.length)} checkpoints of relays and consumers moved to the same events of the new log.`);
  output.line(`${String(readModels)} read models keep what they show and are built anew when their services start.`);
  output.note(`Start the services on ${to.place}. The old log is untouched; nothing reads it any more.`);
}

/** A second move would take positions of the new log for those of the old. */
async function requireBelonging(surroundings: Surroundings, from: OpenLog, to: OpenLog): Promise<void> {
  const known = await surroundings.logOfDatabase();
  if (known === from.store.storeId) return;
  throw new Failure(
    known === to.store.storeId
      ? 'this move is finished already: the services belong to the new log'
      : `the services of DATABASE_URL follow another log than ${from.place}: it is not --from`,
  );
}

/** Services start only on the log that their database belongs to. */
async function noteMove(client: Queryable, from: string, to: string): Promise<void> {
  const { rowCount } = await client.query('UPDATE platform.event_log SET store_id = $2 WHERE store_id = $1', [
    from,
    to,
  ]);
  if (rowCount !== 1) throw new Failure('somebody else has moved the services at the same time');
}

async function actAs(client: Queryable, context: StoredCheckpoint['context']): Promise<void> {
  await client.query(`SET LOCAL ROLE ${escapeIdentifier(roleOf(context))}`);
}

/** No code has version 0: the owner builds its own beside it, and shows that when it has caught up. */
async function buildAnew(client: Queryable, schema: string): Promise<number> {
  await client.query(`DELETE FROM ${schema}.projection_request`);
  await client.query(`UPDATE ${schema}.projection_checkpoint SET state = 'retired' WHERE state = 'building'`);
  const { rowCount } = await client.query(
    `UPDATE ${schema}.projection_checkpoint SET version = 0, position = $1, error = NULL, owner_epoch = owner_epoch + 1
     WHERE state = 'live'`,
    [START],
  );
  return rowCount ?? 0;
}

function isSameDatabase(a: string, b: string): boolean {
  if (!URL.canParse(a) || !URL.canParse(b)) return false;
  const [one, other] = [new URL(a), new URL(b)];
  return one.host === other.host && one.pathname === other.pathname;
}
