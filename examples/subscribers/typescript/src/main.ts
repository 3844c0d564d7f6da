import { Pool } from 'pg';
import { subscribe } from './subscriber';

const { KAFKA_BROKERS = '127.0.0.1:9092', DATABASE_URL, GROUP_ID = 'example-members' } = process.env;

async function main(): Promise<void> {
  if (!DATABASE_URL) throw new Error('set DATABASE_URL=postgres://user:password@host:5432/database');
  const pool = new Pool({ connectionString: DATABASE_URL });
  const stop = await subscribe({
    brokers: KAFKA_BROKERS.split(','),
    groupId: GROUP_ID,
    pool,
    onBatch: (partition, read, had) => {
      console.log(`partition ${String(partition)}: ${String(read)} events, ${String(had)} of them were here before`);
    },
    onCrash: failed,
  });
  const end = (): void => {
    void stop().then(() => pool.end());
  };
  process.once('SIGINT', end).once('SIGTERM', end);
}

function failed(error: unknown): never {
  console.error(error);
  process.exit(1);
}

main().catch(failed);
