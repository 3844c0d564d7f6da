import { START, type EventStore, type Position } from '@muster/event-store';
import { Failure, WrongUsage } from '../failures';
import type { Tool, Verdict } from '../tool';
import { storedCheckpoints, type StoredCheckpoint } from './checkpoint-states';

/**
 * Moves a checkpoint back, so that what lies after it is published or delivered again. Never forwards: that would leave
 * events out. The new epoch fences off the owner, which begins again from there.
 */
export async function resetCheckpoint(tool: Tool, wanted: string, to: string): Promise<Verdict> {
  const { surroundings, output } = tool;
  const checkpoint = await find(tool, wanted);
  const position = to === 'start' ? START : await existing(await surroundings.store(), to);
  if (position > checkpoint.position) {
    throw new WrongUsage(
      `${wanted} is at ${checkpoint.position || 'the start'}: a checkpoint is only moved back, or events would be left out`,
    );
  }
  const { rowCount } = await surroundings.pool(checkpoint.context).query(
    `UPDATE consumer_checkpoint SET position = $2, owner_epoch = owner_epoch + 1, moved_at = now()
     WHERE consumer = $1 AND position >= $2`,
    [wanted, position],
  );
  if (rowCount !== 1) throw new Failure(`${wanted} was moved back by somebody else at the same time`);
  output.line(
    `${wanted}: goes on after ${to === 'start' ? 'the start of the log' : to}; before it was at ${checkpoint.position || 'the start'}.`,
  );
  return 'ok';
}

async function find(tool: Tool, wanted: string): Promise<StoredCheckpoint> {
  const known = await storedCheckpoints(tool);
  const found = known.find(({ name }) => name === wanted);
  if (found) return found;
  const names = known.map(({ name }) => name).join(', ') || 'none yet';
  throw new WrongUsage(`there is no relay or consumer ${wanted} with a checkpoint; there are: ${names}`);
}

/** Only the place of an event: anything else may compare as anything. */
async function existing(store: EventStore, text: string): Promise<Position> {
  const position = text as Position;
  try {
    for await (const event of store.readAll({ from: position, limit: 1 }))
      if (event.position === position) return position;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new WrongUsage(
    `no event of this log is at ${text}: it must be start, or a position as checkpoints list shows it`,
  );
}
