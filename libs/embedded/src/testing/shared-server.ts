import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres, stopLeftBehind } from '../embedded-postgres';
import { isAlive } from '../running-process';
import { throwawaySettings } from '../settings';

const FOLDER = /^muster-test-(\d+)-[0-9a-f]+$/;

/** The one server of a test run: started by the run, its data among the temporary files and removed with it. */
export interface SharedServer {
  readonly connectionString: string;
  stop(): Promise<void>;
}

export async function startSharedServer(): Promise<SharedServer> {
  await removeLeftovers();
  const dataDir = join(tmpdir(), `muster-test-${String(process.pid)}-${randomBytes(4).toString('hex')}`);
  const server = await new EmbeddedPostgres({ dataDir, settings: throwawaySettings }).start();
  return {
    connectionString: server.connectionString,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A run that was killed leaves its server and its folder, which carries its process id. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(FOLDER.exec(name)?.[1] ?? NaN);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    const dataDir = join(tmpdir(), name);
    await stopLeftBehind(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  }
}
