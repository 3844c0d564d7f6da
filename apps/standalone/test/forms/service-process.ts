import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const APPS = resolve(__dirname, '../../..');
const SEEDS = resolve(__dirname, 'seeds.cjs');

export interface Health {
  readonly status: string;
  readonly reasons: readonly string[];
}

/** One service in a process of its own, from its built `main.js`; can be killed and started again on the same port. */
export class ServiceProcess {
  private child: ChildProcess | undefined;
  /** What it printed last. */
  said = '';

  constructor(
    readonly name: string,
    readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** The same service, with the same surroundings, on another port. */
  twin(port: number): ServiceProcess {
    return new ServiceProcess(this.name, port, this.env);
  }

  start(more: Readonly<Record<string, string>> = {}): void {
    const { PATH = '' } = process.env;
    const env = { PATH, LOG_LEVEL: 'warn', ...this.env, PORT: String(this.port), ...more };
    const child = spawn(process.execPath, ['--require', SEEDS, resolve(APPS, this.name, 'dist/main.js')], { env });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.said = `${this.said}${text}`.slice(-100_000)));
    }
    this.child = child;
  }

  /** Ends it with this signal; answers with the exit code, or the signal that ended it. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string | null> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return null;
    child.kill(signal);
    return this.ended();
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<number | string | null> {
    const { child } = this;
    if (!child) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode ?? child.signalCode;
  }

  async health(): Promise<Health> {
    const response = await fetch(`http://127.0.0.1:${String(this.port)}/health/ready`);
    return (await response.json()) as Health;
  }

  async healthOf(expected: (health: Health) => boolean, timeoutMs = 120_000): Promise<Health> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const health = await this.health().catch((): Health => ({ status: 'no answer', reasons: [] }));
      if (expected(health)) return health;
      if (Date.now() > deadline) {
        throw new Error(
          `${this.name}: ${JSON.stringify(health)} after ${String(timeoutMs)} ms\n${this.said.slice(-4_000)}`,
        );
      }
      await sleep(100);
    }
  }

  /** What Prometheus is told. */
  async figures(key: string): Promise<string> {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`http://127.0.0.1:${String(this.port)}/metrics`, { headers })).text();
  }

  ready(): Promise<Health> {
    return this.healthOf(({ status }) => status === 'ready');
  }
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) server.close();
  return ports;
}
