import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A broker for tests: with nothing in it, unless it is one that was given (`KAFKA_BROKERS`). */
export interface TestKafka {
  readonly brokers: string[];
  /** The same where only users are let in: `plain` and `scram` (by those mechanisms), password `secret`. Of an own one. */
  readonly forUsers: string[];
  /** False for a broker that was given: it is not ours to kill. */
  readonly own: boolean;
  /** As a power cut does it. */
  kill(): Promise<void>;
  /** On the same port, with what it had on its disk. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

const RUN = resolve(__dirname, '../../../../infra/kafka/run.sh');
const READY_WITHIN_MS = 120_000;
const OLDEST_JAVA = 17;

/** Whether a broker can be had here, for `describeIf`, and what is missing where it cannot. CI with Java must have one. */
export function kafkaForTests(): { readonly available: boolean; readonly reason: string } {
  if (given().length > 0) return { available: true, reason: '' };
  const java = javaVersion();
  if (java < OLDEST_JAVA) {
    const found = java > 0 ? `, ${String(java)} was found` : '';
    return { available: false, reason: `no KAFKA_BROKERS, and no Java ${String(OLDEST_JAVA)} or newer${found}` };
  }
  const jars = existsSync(resolve(RUN, '../lib')) || spawnSync('mvn', ['--version']).status === 0;
  if (jars || process.env['CI'] === 'true') return { available: true, reason: '' };
  return { available: false, reason: 'no KAFKA_BROKERS, and no Maven to get the jars of Kafka with' };
}

/** The brokers of `KAFKA_BROKERS`, or a real one of its own on a free port with its data among the temporary files. */
export async function startKafka(): Promise<TestKafka> {
  const brokers = given();
  const nothing = (): Promise<void> => Promise.resolve();
  const refused = (): Promise<void> => Promise.reject(new Error('the broker of KAFKA_BROKERS is not ours to kill'));
  if (brokers.length > 0) return { brokers, forUsers: [], own: false, kill: refused, start: refused, remove: nothing };
  const [port, controllerPort, usersPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const data = await mkdtemp(join(tmpdir(), 'muster-kafka-'));
  let running: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const child = running;
    running = undefined;
    if (child?.exitCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  };
  const start = async (): Promise<void> => {
    running = spawn(RUN, [String(port), String(controllerPort), data], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { KAFKA_OPTS: '-XX:TieredStopAtLevel=1', USERS_PORT: String(usersPort), ...process.env },
    });
    await listening(running, port);
  };
  const remove = async (): Promise<void> => {
    await kill();
    await rm(data, { recursive: true, force: true });
  };
  // A test process that ends early takes its broker along.
  process.once('exit', () => running?.kill('SIGKILL'));
  await start();
  const at = (of: number): string[] => [`127.0.0.1:${String(of)}`];
  return { brokers: at(port), forUsers: at(usersPort), own: true, kill, start, remove };
}

function given(): string[] {
  return (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((broker) => broker !== '');
}

function javaVersion(): number {
  const { stderr, status } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return status === 0 ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  let said = '';
  const hear = (chunk: Buffer): void => {
    said = `${said}${chunk.toString()}`.slice(-4_000);
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`Kafka ended before it was ready:\n${said}`);
    if (performance.now() > deadline) throw new Error(`Kafka was not ready in time:\n${said}`);
    await sleep(100);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => {
      done(false);
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        done(port);
      });
    });
  });
}
