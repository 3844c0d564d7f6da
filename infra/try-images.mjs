#!/usr/bin/env node
/**
 * Runs the services of docker-compose.yml from their images, without an engine: podman and podman-compose as root, the
 * Postgres from npm, the Kafka from infra/kafka, EventStoreDB's double (or the server of EVENTSTOREDB_URL), Caddy.
 *   node infra/try-images.mjs [--store eventstoredb|postgres] [--profiles N] [--people N] [--rounds N]
 * Makes the topics, takes the tour, then stops and kills services under load and counts what came of it. Whatever it
 * started it ends, and removes its data. Images first: infra/images.sh
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../tools/process.mjs';
import { Composed } from './try/composed.mjs';
import { finished } from './try/finished.mjs';
import { Load } from './try/load.mjs';
import { newSecrets, Surroundings } from './try/surroundings.mjs';
import { say, Trial } from './try/trial.mjs';

const { values: options } = parseArgs({
  options: {
    store: { type: 'string', default: 'eventstoredb' },
    profiles: { type: 'string', default: '20000' },
    people: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '200' },
  },
});
const SERVICES = ['segments', 'campaigns', 'audiences', 'insights'];
const TOUR_MS = 300_000;

await new Trial('images').run(async (trial) => {
  const surroundings = new Surroundings(trial);
  const composed = new Composed(trial);
  await composed.check([...SERVICES, 'ops']);
  const secrets = await newSecrets();
  const environment = { ...secrets, ...(await surroundings.start(options.store)) };
  say(`Postgres, Kafka and ${surroundings.store} run on this machine; the rest comes out of images.`);
  await composed.write(environment, SERVICES, { 'audiences-2': 'audiences' });
  const proxy = await surroundings.startProxy(composed.ports);

  await composed.up(SERVICES);
  await applied(composed, 'database', 'Postgres at');
  await applied(composed, 'topics', 'run `muster-ops topics apply`');
  for (const name of SERVICES) await composed.health(name, ({ status }) => status === 'ready');
  for (const name of SERVICES) say(await composed.inspect(name));

  say('the tour:');
  await tour(proxy, secrets.ADMIN_API_KEY);
  await disturb(composed, new Load(proxy, secrets.ADMIN_API_KEY, Number(options.people)));
});

/** Services that were started before wait, and say for what; the command is run; it is said what it did. */
async function applied(composed, what, reason) {
  const told = await composed.health('audiences', ({ reasons }) => reasons.some((one) => one.includes(reason)));
  say(`audiences is ${told.status}: ${told.reasons.join('; ')}`);
  say(`muster-ops ${what} apply\n${await composed.once(what)}`);
}

/** Under a steady load of commands: a second instance, a graceful stop, a kill of each kind; then everything is counted. */
async function disturb(composed, load) {
  say('the load: a command at a time, repeated with its key until it is answered');
  await load.prepare();
  const rounds = Number(options.rounds);
  const at = (share) => Math.round(rounds * share);
  await composed.up(['audiences-2']);
  await composed.health('audiences-2', ({ status }) => status === 'ready');
  say('a second instance of audiences is ready');
  await load.run(rounds, {
    [at(0.2)]: async () => {
      await stop(composed, 'segments', 'under load');
      await composed.startAgain('segments');
    },
    [at(0.4)]: async () => {
      await composed.kill('audiences');
      say('kill -9 audiences (the first instance); the second goes on');
    },
    [at(0.6)]: async () => {
      await composed.kill('segments');
      say('kill -9 segments, and start it again');
      await composed.startAgain('segments');
    },
    [at(0.8)]: () => composed.startAgain('audiences'),
  });
  say(await load.count());
  for (const name of [...SERVICES, 'audiences-2']) await stop(composed, name, 'at rest');
}

async function stop(composed, name, when) {
  const { code, seconds } = await composed.stop(name);
  say(`podman stop ${name} ${when}: exit ${code} after ${seconds.toFixed(1)} s`);
  if (code !== 0) throw new Error(`${name} did not end by itself`);
}

async function tour(url, key) {
  const args = [join(ROOT, 'tools/tour.mjs'), '--url', url, '--key', key, '--profiles', options.profiles];
  const { status, stdout, stderr } = await finished(process.execPath, args, { timeout: TOUR_MS });
  process.stdout.write(stdout.replaceAll(/^(?=.)/gm, '    '));
  if (status !== 0) throw new Error(`the tour failed: ${stderr}`);
}
