import { createTestDatabase } from '@muster/embedded/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone } from '../src/start-standalone';
import { Client } from './client';

/** A running Muster of some form, seen from outside only. */
export interface Form {
  readonly name: string;
  readonly client: Client;
  close(): Promise<void>;
}

/**
 * The Muster that the end-to-end specs talk to: that of MUSTER_URL and MUSTER_KEY, whatever form it has; without them a
 * standalone one, started for the spec.
 */
export async function startForm(): Promise<Form> {
  const { MUSTER_URL: url = '', MUSTER_KEY: key = '' } = process.env;
  if (url !== '') return { name: url, client: new Client(url, key), close: () => Promise.resolve() };
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'muster-e2e-'));
  const standalone = await startStandalone({
    dataDir,
    databaseUrl: database.connectionString,
    port: 0,
    logLevel: 'silent',
  });
  return {
    name: 'standalone',
    client: new Client(standalone.url, standalone.developmentKey),
    async close() {
      await standalone.close();
      await rm(dataDir, { recursive: true, force: true });
      await database.drop();
    },
  };
}
