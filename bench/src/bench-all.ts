import { kafkaForTests } from '@muster/messaging-kafka/testing';
import { createPool } from '@muster/postgres';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { activate, benchActivation } from './activation.bench';
import { benchAppend } from './append.bench';
import type { Figure } from './figure';
import { benchImport } from './import.bench';
import { benchKafka } from './kafka.bench';
import { KafkaWorld } from './kafka-world';
import { benchLatency } from './latency.bench';
import { Muster } from './muster';
import type { BenchOptions } from './options';
import { benchPage } from './page.bench';
import { benchProfileFeed } from './profile-feed.bench';
import { BROAD } from './profiles';
import { benchRecalculation } from './recalculation.bench';
import { timed } from './rounds';
import { benchSelection } from './selection.bench';
import { createSegment, FLOOR, type World } from './world';

const MEGABYTE = 1_024 * 1_024;
/** It takes longest, and is steadier than the others. */
const IMPORT_ROUNDS = 2;
/** Enough for the compilers on both sides. */
const MOST_EVENTS = 300_000;

export interface Bench {
  readonly options: BenchOptions;
  /** For files that are removed in the end. */
  readonly folder: string;
  /** As the superuser of the server. */
  readonly pool: Pool;
  readonly databaseUrl: string;
  /** Has to be called in the end, last first, whatever happens. */
  readonly closing: (() => Promise<unknown>)[];
}

interface OfSize {
  readonly size: number;
  readonly figures: readonly Figure[];
  /** Milliseconds of the activation over a static segment. */
  readonly headline: number;
}

/** All figures that are asked for: appends, then those of every size with the growth between them, then Kafka's. */
export async function benchAll(bench: Bench): Promise<Figure[]> {
  const { rounds, only } = bench.options;
  return [
    ...(only.includes('append') ? await step('append', () => benchAppend(bench.databaseUrl, rounds)) : []),
    ...(only.includes('service') ? await benchSizes(bench) : []),
    ...(only.includes('kafka') ? await benchBroker(bench) : []),
  ];
}

async function benchSizes(bench: Bench): Promise<Figure[]> {
  const { sizes } = bench.options;
  const measured: OfSize[] = [];
  for (const size of sizes) measured.push(await benchSize(bench, size));
  const bySize = measured.flatMap(({ figures, size }) =>
    figures.map((figure) => ofSize(figure, size, size === sizes.at(-1))),
  );
  return [...bySize, ...growth(measured)];
}

/** Of the largest size; without Java it says so and measures nothing. */
async function benchBroker({ options, pool, databaseUrl, closing }: Bench): Promise<Figure[]> {
  const { available, reason } = kafkaForTests();
  if (!available) {
    process.stdout.write(`kafka is not measured: ${reason}\n`);
    return [];
  }
  const size = options.sizes.at(-1)!;
  const world = await KafkaWorld.open(pool, databaseUrl);
  closing.push(() => world.close());
  const figures = await step('kafka', () => benchKafka(world, Math.min(size, MOST_EVENTS), options.rounds));
  const feed = await step('profile feed', () => benchProfileFeed(world, size));
  const latency = await step('latency', () => benchLatency(world));
  return [...figures, latency, ofSize(feed, size, true)];
}

async function benchSize(bench: Bench, size: number): Promise<OfSize> {
  const { folder, options } = bench;
  const [url, pool] = await freshDatabase(bench, size);
  const muster = await started(bench, url);
  const named = (name: string): string => `${name}-${String(size)}`;
  const { figure: imported, database } = await step(named('import'), () =>
    benchImport({ muster, pool, folder }, size, Math.min(options.rounds, IMPORT_ROUNDS)),
  );
  const world: World = { size, rounds: options.rounds, muster, pool, database };
  const profiled = <T>(name: string, work: () => Promise<T>): Promise<T> =>
    step(named(name), () => inProfile(bench, muster, named(name), work));
  const selection = await profiled('selection', () => benchSelection(world));
  const activation = await profiled('activation', () => benchActivation(world));
  const recalculation = await profiled('recalculation', () => benchRecalculation(world));
  await muster.stop();
  const second = { ...world, muster: await started(bench, url) };
  const build = await step(named('memory'), () => benchMemory(second));
  const page = await step(named('page'), () => benchPage(second, url, build.campaignId));
  await second.muster.stop();
  return {
    size,
    headline: activation.headline,
    figures: [imported, ...selection, ...activation.figures, recalculation, build.figure, page],
  };
}

/** The process has done nothing else before: what filling a segment and building an audience needs. */
async function benchMemory(world: World): Promise<{ figure: Figure; campaignId: string }> {
  const segmentId = await createSegment(world, 'static', BROAD);
  const { campaignId } = await activate(world, segmentId, BROAD);
  const { peakRss } = await world.muster.process.usage();
  const name = 'peak memory of the service, fill and build';
  return { campaignId, figure: { name, unit: 'MB', value: peakRss / MEGABYTE, must: 512, aim: 384 } };
}

/** A database for each size, so that none is slower for what came before it. */
async function freshDatabase({ pool, databaseUrl, closing }: Bench, size: number): Promise<[string, Pool]> {
  const name = `bench_${String(size)}`;
  await pool.query(`CREATE DATABASE ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const own = createPool({ connectionString: url.href, max: 4 });
  closing.push(() => own.end());
  await own.query(`CREATE SCHEMA ${FLOOR}`);
  return [url.href, own];
}

async function started({ closing }: Bench, url: string): Promise<Muster> {
  const muster = await Muster.start(url);
  closing.push(() => muster.stop());
  return muster;
}

/** Goals are for the largest size; what costs the same at every size weighs more in a small one. */
function ofSize(figure: Figure, size: number, hasGoals: boolean): Figure {
  const name = `${figure.name}, ${size.toLocaleString('en')} profiles`;
  const { must: _must, aim: _aim, ...rest } = figure;
  return hasGoals ? { ...figure, name } : { ...rest, name };
}

/** e, where the time of an activation grows with the e-th power of the size. */
function growth(measured: readonly OfSize[]): Figure[] {
  const [first, last] = [measured[0], measured.at(-1)];
  if (!first || !last || first.size === last.size) return [];
  const value = Math.log(last.headline / first.headline) / Math.log(last.size / first.size);
  return [{ name: 'growth exponent of the activation', unit: '', value, must: 1.1, aim: 1.05 }];
}

async function inProfile<T>({ options }: Bench, muster: Muster, name: string, work: () => Promise<T>): Promise<T> {
  if (options.profileTo === undefined) return work();
  return muster.process.profiled(join(options.profileTo, `${name}.cpuprofile`), work);
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  process.stdout.write(`${name} ... `);
  let result: T | undefined;
  const ms = await timed(async () => {
    result = await work();
  });
  process.stdout.write(`${(ms / 1_000).toFixed(1)} s\n`);
  return result as T;
}
