import type { CopyCheckpoint, CopyCheckpoints } from '@muster/event-store-copy';
import { open, readFile, rename } from 'node:fs/promises';
import { errorCode } from '@muster/postgres';
import { deepest, WrongUsage } from '../failures';

/** Keeps how far a copy is in a file, which is always whole: it is written beside and takes the old one's place. */
export function checkpointFile(path: string): CopyCheckpoints {
  return {
    load: async () => {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined;
        throw new WrongUsage(`the checkpoint file ${path} cannot be read: ${deepest(error).message}`);
      }
      return parsed(path, text);
    },
    save: async (checkpoint) => {
      const beside = `${path}.next`;
      const file = await open(beside, 'w');
      try {
        await file.writeFile(`${JSON.stringify(checkpoint, null, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
    },
  };
}

function parsed(path: string, text: string): CopyCheckpoint {
  try {
    const { fromStoreId, toStoreId, position, events, hash } = JSON.parse(text) as Partial<CopyCheckpoint>;
    if (fromStoreId && toStoreId && position !== undefined && events !== undefined && hash) {
      return { fromStoreId, toStoreId, position, events, hash };
    }
  } catch {
    // said below
  }
  throw new WrongUsage(`${path} is no checkpoint of a copy: name the copy's own with --checkpoint, or a new one`);
}
