import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Reply } from '../client';

const KEY = `mk_00000000-0000-4000-8000-00000000c4a5_${'crash-'.repeat(8)}`;
const ROOT = join(__dirname, '../../../..');
const START_MS = 60_000;

/** Muster in a process of its own that is killed once, at a named point or from outside, and started again. */
export class MortalMuster {
  /** From the start of the second process until it answered, in milliseconds. */
  restartMs = 0;
  /** The same for the first one. */
  startMs = 0;
  /** When it was found dead. */
  diedAt = 0;
  private child: ChildProcess | undefined;
  private client: Client | undefined;
  private starting: Promise<Client> | undefined;

  constructor(
    private readonly databaseUrl: string,
    private readonly crashAt: string | null,
  ) {}

  get died(): boolean {
    return this.diedAt > 0;
  }

  async start(): Promise<void> {
    const started = Date.now();
    this.client = await this.spawn(this.crashAt);
    this.startMs = Date.now() - started;
  }

  /** Pulls the plug. */
  kill(): void {
    this.child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }

  /** A command is sent again with the same key until it is answered: nobody knows whether it was carried out. */
  async command(method: string, path: string, key: string, body?: object | string): Promise<Reply> {
    const headers = { 'idempotency-key': key, ...(typeof body === 'string' && { 'content-type': 'text/csv' }) };
    return this.answered((client) => client.send(method, path, body, headers));
  }

  async get<T>(path: string): Promise<T> {
    return (await this.answered((client) => client.send('GET', path))).json<T>();
  }

  all<T>(path: string): Promise<T[]> {
    return this.outlived((client) => client.all<T>(path));
  }

  private answered(ask: (client: Client) => Promise<Reply>): Promise<Reply> {
    return this.outlived(async (client) => {
      const deadline = Date.now() + START_MS;
      for (;;) {
        const reply = await ask(client);
        if (reply.status < 400) return reply;
        if (reply.status < 500 || Date.now() > deadline) throw new Refused(`${String(reply.status)} ${reply.text}`);
        await sleep(100);
      }
    });
  }

  /** Asks until there is an answer, from the next process if need be. */
  private async outlived<T>(ask: (client: Client) => Promise<T>): Promise<T> {
    for (;;) {
      const client = await this.alive();
      try {
        return await ask(client);
      } catch (error) {
        if (error instanceof Refused) throw error;
        if (await this.isAlive()) throw error;
      }
    }
  }

  /** A broken connection is noticed before the end of the process is. */
  private async isAlive(): Promise<boolean> {
    for (let looks = 0; looks < 100; looks++) {
      if (this.child?.exitCode !== null || this.child.signalCode !== null) return false;
      await sleep(10);
    }
    return true;
  }

  private async alive(): Promise<Client> {
    const { child } = this;
    if (this.client && child?.exitCode === null && child.signalCode === null) return this.client;
    if (child?.signalCode !== 'SIGKILL') throw new Error(`Muster ended by itself (${String(child?.exitCode)})`);
    if (this.died && !this.starting) throw new Error('Muster was killed twice');
    this.starting ??= this.restart();
    this.client = await this.starting;
    return this.client;
  }

  private async restart(): Promise<Client> {
    this.diedAt = Date.now();
    const client = await this.spawn(null);
    this.restartMs = Date.now() - this.diedAt;
    this.starting = undefined;
    return client;
  }

  private async spawn(crashAt: string | null): Promise<Client> {
    const hook = join(__dirname, 'typescript.cjs');
    const child = spawn(process.execPath, ['-C', '@muster/source', '-r', hook, join(__dirname, 'victim.ts')], {
      cwd: ROOT,
      env: {
        ...process.env,
        DATABASE_URL: this.databaseUrl,
        ADMIN_API_KEY: KEY,
        ...(crashAt !== null && { MUSTER_CRASH_AT: crashAt }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.child = child;
    return new Client(await addressOf(child), KEY);
  }
}

/** An answer, and not the one that was hoped for. */
class Refused extends Error {
  override readonly name = 'Refused';
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error('Muster does not start')), START_MS);
    const settled = (): void => clearTimeout(timer);
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
      const [, url] = /listening at (\S+)\n/.exec(said) ?? [];
      if (url === undefined) return;
      settled();
      resolve(url);
    });
    child.once('exit', (code, signal) => {
      settled();
      reject(new Error(`Muster ended before it answered (${String(code ?? signal)})`));
    });
  });
}
