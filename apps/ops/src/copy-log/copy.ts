import { copyLog, CopyFailed, type CopyCheckpoint, type CopyResult } from '@muster/event-store-copy';
import { openLog, type OpenLog } from '../open-log';
import { Failure, WrongUsage } from '../failures';
import type { Tool, Verdict } from '../tool';
import { checkpointFile } from './checkpoint-file';
import { moveFollowers, refuseWhileRunning } from './move-followers';

export interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly checkpoint: string;
  readonly finish?: boolean;
}

const TELL_MS = 2_000;

export async function copy(tool: Tool, options: CopyOptions): Promise<Verdict> {
  const { surroundings, output } = tool;
  if (options.finish === true) await refuseWhileRunning(tool, options.to);
  const from = await openLog(options.from, { create: false });
  surroundings.onClose(() => from.close());
  const to = await openLog(options.to, { create: true });
  surroundings.onClose(() => to.close());
  if (from.store.storeId === to.store.storeId) throw new WrongUsage('--from and --to are the same log');
  output.note(`from ${from.place} to ${to.place}; how far it is stands in ${options.checkpoint}`);
  const { events, hash } = await copied(tool, from, to, options.checkpoint);
  output.line(`${String(events)} events, read back and the same in both logs: ${hash}`);
  if (options.finish === true) await moveFollowers(tool, from, to);
  else output.note('Services still use the old log. When they are stopped: the same with --finish.');
  return 'ok';
}

async function copied(tool: Tool, from: OpenLog, to: OpenLog, file: string): Promise<CopyResult> {
  let told = performance.now();
  let before: CopyCheckpoint | undefined;
  const onProgress = (checkpoint: CopyCheckpoint): void => {
    const now = performance.now();
    if (now - told < TELL_MS) return;
    const rate = before ? Math.round(((checkpoint.events - before.events) / (now - told)) * 1_000) : undefined;
    tool.output.note(
      `${String(checkpoint.events)} events copied${rate === undefined ? '' : `, ${String(rate)} a second`}`,
    );
    [told, before] = [now, checkpoint];
  };
  try {
    return await copyLog({ from: from.store, to: to.store, checkpoints: checkpointFile(file), onProgress });
  } catch (error) {
    if (!(error instanceof CopyFailed)) throw error;
    throw new Failure(`the copy cannot go on: ${error.message}`, { cause: error });
  }
}
