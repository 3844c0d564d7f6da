import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from '../../tools/build.mjs';
import { ROOT } from '../../tools/process.mjs';
import { packageFolders } from '../../tools/workspace.mjs';
import { StoreDouble } from './double.mjs';
import { finished } from './finished.mjs';
import { freePorts, load, startProgram } from './program.mjs';

/** As an operator makes them: what infra/new-env.mjs prints. */
export async function newSecrets() {
  const { stdout } = await finished(process.execPath, [join(ROOT, 'infra/new-env.mjs')]);
  return Object.fromEntries([...stdout.matchAll(/^(\w+)=(.+)$/gm)].map(([, name, value]) => [name, value]));
}

/** What the services need and comes out of no image here; runs on the loopback of this machine. */
export class Surroundings {
  /** The event store, for people. */
  store = 'no other store';
  #trial;
  #databaseUrl = '';
  #endKafka = async () => undefined;
  #double;

  constructor(trial) {
    this.#trial = trial;
  }

  /** Starts all of it; answers with the variables that lead there. */
  async start(store) {
    const { errors } = await build(packageFolders(), ROOT);
    if (errors.length > 0) throw new Error(errors.join('\n'));
    this.#databaseUrl = await this.#postgres();
    const DATABASE_URL = this.#databaseUrl;
    const KAFKA_BROKERS = await this.#kafka('kafka');
    return { DATABASE_URL, BUS: 'kafka', KAFKA_BROKERS, EVENT_STORE: store, ...(await this.#eventStore(store)) };
  }

  /** The proxy of docker-compose.yml, as a program; answers with its address. */
  async startProxy(ports) {
    const [port] = await freePorts(1);
    const at = (...names) =>
      names
        .filter((name) => ports[name])
        .map((name) => `127.0.0.1:${ports[name]}`)
        .join(' ');
    const env = {
      ...process.env,
      MUSTER_ADDRESS: `http://127.0.0.1:${port}`,
      SEGMENTS: at('segments'),
      CAMPAIGNS: at('campaigns'),
      AUDIENCES: at('audiences', 'audiences-2'),
      INSIGHTS: at('insights'),
    };
    const file = join(ROOT, 'infra/Caddyfile');
    const end = await startProgram('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env }, port);
    this.#trial.atEnd(end);
    return env.MUSTER_ADDRESS;
  }

  /** Dumps the database while it is in use; answers with where and how much. */
  async dump() {
    const file = this.#dumpFile();
    await must('pg_dump', ['--format=custom', `--file=${file}`, this.#databaseUrl]);
    return file;
  }

  async copyLog() {
    await this.#double.copy();
  }

  /** From dump and copy, into a database and a Kafka with nothing in them; answers with the variables that changed. */
  async restore() {
    await this.#endKafka();
    await this.#double?.restore();
    const url = new URL(this.#databaseUrl);
    await this.#query(this.#databaseUrl, 'CREATE DATABASE restored');
    url.pathname = '/restored';
    await must('pg_restore', ['--exit-on-error', `--dbname=${url.href}`, this.#dumpFile()]);
    this.#databaseUrl = url.href;
    return { DATABASE_URL: url.href, KAFKA_BROKERS: await this.#kafka('kafka-restored') };
  }

  /** External ids by profile number, of the one profile database that there is. */
  async profileNumbers() {
    const [{ view }] = await this.#query(this.#databaseUrl, 'SELECT profile_view AS view FROM segments.profile_table');
    const rows = await this.#query(this.#databaseUrl, `SELECT profile_no, external_id FROM ${view}`);
    return new Map(rows.map(({ profile_no: number, external_id: id }) => [number, id]));
  }

  #dumpFile() {
    return join(this.#trial.folder, 'muster.dump');
  }

  async #postgres() {
    const { EmbeddedPostgres } = load('standalone', '@muster/embedded');
    // Not in the folder, which is root's alone: the server runs as somebody else.
    const dataDir = `${this.#trial.folder}-postgres`;
    const postgres = await new EmbeddedPostgres({ dataDir }).start();
    this.#trial.atEnd(async () => {
      await postgres.stop();
      await rm(dataDir, { recursive: true, force: true });
    });
    return postgres.connectionString;
  }

  async #kafka(name) {
    const [port, controllerPort] = await freePorts(2);
    const data = join(this.#trial.folder, name);
    const run = join(ROOT, 'infra/kafka/run.sh');
    this.#endKafka = await startProgram(run, [String(port), String(controllerPort), data], {}, port);
    this.#trial.atEnd(this.#endKafka);
    return `127.0.0.1:${port}`;
  }

  async #eventStore(store) {
    if (store === 'postgres') return {};
    const given = process.env.EVENTSTOREDB_URL;
    this.store = given ? 'the EventStoreDB of EVENTSTOREDB_URL' : 'the double of EventStoreDB';
    if (given) return { EVENTSTOREDB_URL: given };
    this.#double = new StoreDouble(this.#trial.folder);
    this.#trial.atEnd(() => this.#double.end());
    return { EVENTSTOREDB_URL: await this.#double.start() };
  }

  async #query(connectionString, statement) {
    const { Client } = load('standalone', 'pg');
    const client = new Client({ connectionString });
    await client.connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  }
}

async function must(program, args) {
  const { status, stderr } = await finished(program, args);
  if (status !== 0) throw new Error(`${program} ended with ${status}\n${stderr}`);
}
