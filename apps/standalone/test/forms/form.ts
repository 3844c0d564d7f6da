import { createTestDatabase, describeIf } from '@muster/embedded/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone } from '../../src/start-standalone';
import { Client } from '../client';
import { Apart } from './apart';
import { formForTests, formName, type FormName } from './form-names';
import './seeds.cjs';

/** Broker, event store and four processes, on a machine that is busy. */
const START_MS = 180_000;

/** A running Muster of some form, seen from outside only. */
export interface Form {
  readonly name: string;
  readonly client: Client;
  /** Its seeds are those of `seeds.cjs`. */
  readonly seeded: boolean;
  close(): Promise<void>;
}

/**
 * For a spec file: starts the Muster that it is about before its tests, hands it over, and closes it after them. Answers a
 * `describe`, which is skipped with the reason where this form, or what the tests need beside it, cannot be had.
 */
export function withForm(take: (form: Form) => void): (name: string, tests: () => void, missing?: string) => void {
  const { available, reason } = formForTests();
  if (available) {
    let form: Form;
    // On a clean clone the broker is fetched first.
    beforeAll(async () => take((form = await startForm())), START_MS);
    afterAll(() => form.close());
  }
  return (name, tests, missing = '') =>
    describeIf(available && missing === '', available ? missing : reason)(`${name} (${formName()})`, tests);
}

/**
 * The Muster that the end-to-end specs talk to: that of MUSTER_URL and MUSTER_KEY, whatever form it has; without them one
 * of the form that this run is about, started for the spec.
 */
export async function startForm(): Promise<Form> {
  const { MUSTER_URL: url = '', MUSTER_KEY: key = '' } = process.env;
  if (url !== '') {
    return { name: url, client: new Client(url, key), seeded: false, close: () => Promise.resolve() };
  }
  const name = formName();
  return name === 'standalone' ? startOne() : startApart(name);
}

async function startOne(): Promise<Form> {
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
    seeded: true,
    async close() {
      await standalone.close();
      await rm(dataDir, { recursive: true, force: true });
      await database.drop();
    },
  };
}

async function startApart(name: Exclude<FormName, 'standalone'>): Promise<Form> {
  const apart = await Apart.prepare(name);
  try {
    await apart.start();
  } catch (error) {
    await apart.close();
    throw error;
  }
  return { name, client: apart.client, seeded: true, close: () => apart.close() };
}
