import { writeFileSync } from 'node:fs';
import { EmbeddedPostgres, EmbeddedPostgresError } from './index';

/** A process that owns a server until it is killed: tells its answer on standard output and then waits. */
async function own(dataDir: string): Promise<void> {
  try {
    const { connectionString, pid } = await new EmbeddedPostgres({ dataDir }).start();
    writeFileSync(1, `${JSON.stringify({ connectionString, pid, uid: process.getuid?.() })}\n`);
    setInterval(() => undefined, 60_000);
  } catch (error) {
    const code = error instanceof EmbeddedPostgresError ? error.code : String(error);
    writeFileSync(1, `${JSON.stringify({ code })}\n`);
  }
}

const [dataDir] = process.argv.slice(-1);
if (process.argv.length < 2 || dataDir === undefined) throw new Error('name the data folder');
void own(dataDir);
