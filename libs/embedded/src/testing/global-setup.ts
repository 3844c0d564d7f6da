import { startSharedServer, type SharedServer } from './shared-server';
import { SERVER_VARIABLE } from './test-database';

declare global {
  var musterTestServer: SharedServer | undefined;
}

/** Jest's `globalSetup` of the projects that need Postgres: it runs once before their first test, in the parent process. */
export default async function startServer(): Promise<void> {
  if ((process.env['TEST_DATABASE_URL'] ?? '') !== '') return;
  globalThis.musterTestServer = await startSharedServer();
  process.env[SERVER_VARIABLE] = globalThis.musterTestServer.connectionString;
}
