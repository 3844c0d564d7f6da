import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { status } from '@grpc/grpc-js';
import type { Command, Faults, Report } from './faults';

type Said = { readonly port: number } | { readonly number: number; readonly report?: Report };

/**
 * A double of EventStoreDB in a process of its own: it can be killed and started again with its log, told to be silent,
 * slow or wrong, and asked what it was asked. Speaks what the client of Node needs of the server's protocol, unary
 * appends, reads and subscriptions to the whole log; knows no users and no TLS.
 */
export class EventStoreDbDouble {
  private child: ChildProcess | undefined;
  private port = 0;
  private number = 0;
  private readonly answers = new Map<number, (report: Report | undefined) => void>();

  private constructor(private readonly folder: string) {}

  static async start(): Promise<EventStoreDbDouble> {
    const double = new EventStoreDbDouble(await mkdtemp(join(tmpdir(), 'eventstoredb-double-')));
    await double.restart();
    return double;
  }

  get connectionString(): string {
    return `esdb://127.0.0.1:${String(this.port)}?tls=false`;
  }

  /** After a kill: the same log on the same port, without faults. Does nothing while it runs. */
  async restart(): Promise<void> {
    if (this.child) return;
    // Run from sources in tests; Node reads them through swc.
    const extension = extname(__filename);
    const child = fork(
      join(__dirname, `double-process${extension}`),
      [join(this.folder, 'log.jsonl'), String(this.port)],
      { execArgv: extension === '.ts' ? ['-r', join(__dirname, 'swc-hook.cjs')] : [] },
    );
    this.child = child;
    const started = new Promise<number>((resolve, reject) => {
      child.on('message', (said: Said) => {
        if ('port' in said) resolve(said.port);
        else this.answers.get(said.number)?.(said.report);
      });
      child.once('exit', () => {
        reject(new Error('the double ended before it listened'));
      });
    });
    this.port = await started;
  }

  /** As a crash would: nothing is finished, nothing is said. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child) return;
    this.child = undefined;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Changes these faults and leaves the others. */
  async faults(faults: Partial<Faults>): Promise<void> {
    await this.send({ kind: 'faults', faults });
  }

  /** Ends the open subscriptions: without an error, or with this code of gRPC. */
  async endSubscriptions(code: status | null = null): Promise<void> {
    await this.send({ kind: 'endSubscriptions', code });
  }

  async softDelete(stream: string): Promise<void> {
    await this.send({ kind: 'softDelete', stream });
  }

  async tombstone(stream: string): Promise<void> {
    await this.send({ kind: 'tombstone', stream });
  }

  async report(): Promise<Report> {
    const report = await this.send({ kind: 'report' });
    if (!report) throw new Error('the double gave no report');
    return report;
  }

  private send(command: Command): Promise<Report | undefined> {
    const { child } = this;
    if (!child) throw new Error('the double is not running');
    const number = ++this.number;
    return new Promise((resolve) => {
      this.answers.set(number, (report) => {
        this.answers.delete(number);
        resolve(report);
      });
      child.send({ number, command });
    });
  }
}
