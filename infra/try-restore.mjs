#!/usr/bin/env node
/**
 * Backup and restore of event log and Postgres as a pair, tried with the services from their images, as docs/operations.md
 * says it. Needs what try-images.mjs needs, and pg_dump and pg_restore of Postgres 18 on the PATH.
 *   node infra/try-restore.mjs [--store eventstoredb|postgres]
 * With EventStoreDB (its double here) Postgres is dumped while commands come in, and only later the log is copied: it is
 * the one that is ahead. Then more happens that no backup has, and Muster starts from dump, copy and an empty Kafka.
 */
import { parseArgs } from 'node:util';
import { Composed } from './try/composed.mjs';
import { Load } from './try/load.mjs';
import { newSecrets, Surroundings } from './try/surroundings.mjs';
import { say, Trial } from './try/trial.mjs';

const { values: options } = parseArgs({ options: { store: { type: 'string', default: 'eventstoredb' } } });
const SERVICES = ['segments', 'campaigns', 'audiences', 'insights'];
/** Of the services' own feeds; they publish again what consumers may not have had. */
const RELAYS = [
  'segments.relay-sets',
  'segments.relay-lifecycle',
  'campaigns.relay-lifecycle',
  'audiences.relay-lifecycle',
];

await new Trial('restore').run(async (trial) => {
  if (process.env.EVENTSTOREDB_URL) throw new Error('This is tried with the double: unset EVENTSTOREDB_URL.');
  const surroundings = new Surroundings(trial);
  const composed = new Composed(trial);
  await composed.check([...SERVICES, 'ops']);
  const secrets = await newSecrets();
  const environment = { ...secrets, ...(await surroundings.start(options.store)) };
  await composed.write(environment, SERVICES);
  const proxy = await surroundings.startProxy(composed.ports);
  await composed.once('database');
  await composed.once('topics');
  await up(composed);
  const load = new Load(proxy, secrets.ADMIN_API_KEY, 3_000);
  await load.prepare();

  const state = await backup(surroundings, load);
  const numbers = await surroundings.profileNumbers();
  await load.run(20, {});
  await load.import('lost', 500);
  say('20 commands and an import later everything is lost');
  for (const name of SERVICES) await composed.stop(name);
  await composed.remove();

  Object.assign(environment, await surroundings.restore());
  await composed.write(environment, SERVICES);
  await composed.once('database');
  await composed.once('topics');
  for (const relay of RELAYS)
    await composed.once('database', ['checkpoints', 'reset', relay, '--to', 'start', '--yes']);
  await up(composed);
  load.recall(state);
  say(`restored: ${await load.count()}`);
  await load.run(20, {});
  say(`20 commands later: ${await load.count()}`);
  await load.import('new', 500);
  compareNumbers(numbers, await surroundings.profileNumbers());
});

/** Answers with what must be there after a restore. */
async function backup(surroundings, load) {
  if (options.store === 'postgres') {
    await load.run(40, {});
    say(`Postgres, log and all, is dumped: ${await surroundings.dump()}`);
    return load.state();
  }
  await load.run(40, { 10: async () => say(`Postgres is dumped under load: ${await surroundings.dump()}`) });
  await load.import('between', 500);
  await surroundings.copyLog();
  say('the log is copied, up to 30 commands and an import of 500 later');
  return load.state();
}

async function up(composed) {
  await composed.up(SERVICES);
  for (const name of SERVICES) await composed.health(name, ({ status }) => status === 'ready');
}

/** Profiles that the dump lacks come back under other numbers: those that the log knows are never given to somebody else. */
function compareNumbers(before, after) {
  const reused = [...after].filter(([number, id]) => before.has(number) && before.get(number) !== id);
  const fresh = [...after].filter(([, id]) => id.startsWith('new'));
  const line = `${fresh.length} new profiles after the restore: ${reused.length} of all numbers were handed out twice`;
  if (reused.length > 0 || fresh.length !== 500) throw new Error(line);
  say(line);
}
