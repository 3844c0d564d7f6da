import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Question, Usage } from './probe';
import type { Recording } from './recorder';

const STOP_MS = 20_000;
const KEPT_OUTPUT = 8_000;

/** A process of its own, so that its CPU time and memory are its own; the probe in it answers. */
export class MeasuredProcess {
  private output = '';

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-KEPT_OUTPUT);
      });
    }
  }

  static start(script: string, env: Readonly<Record<string, string>>, args: readonly string[] = []): MeasuredProcess {
    return new MeasuredProcess(
      fork(script, [...args], {
        execArgv: ['--enable-source-maps', '--require', join(__dirname, 'probe.js')],
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    );
  }

  /** Resolves when `isReady` does; throws with the output of the process when that ends first. */
  async ready(isReady: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
    const end = performance.now() + withinMs;
    while (!(await isReady())) {
      const ended = this.endError();
      if (ended) throw ended;
      if (performance.now() > end) throw new Error(`a measured process does not answer:\n${this.output}`);
      await sleep(50);
    }
  }

  /** Why nothing answers, with the last output of the process, when it has ended. */
  endError(): Error | undefined {
    if (!this.hasEnded) return undefined;
    const how = String(this.child.signalCode ?? this.child.exitCode);
    return new Error(`a measured process has ended (${how}):\n${this.output}`);
  }

  usage(): Promise<Usage> {
    return this.ask({ ask: 'usage' });
  }

  /** What `work` makes the process ask of the database, on connections whose startup options hold `marker`. */
  async recorded(marker: string, work: () => Promise<unknown>): Promise<Recording> {
    await this.ask({ ask: 'record', marker });
    await work();
    const { recording } = await this.ask({ ask: 'recorded' });
    if (!recording) throw new Error('nothing was recorded');
    return recording;
  }

  /** Runs `work` and writes a CPU profile of the process meanwhile. */
  async profiled<T>(file: string, work: () => Promise<T>): Promise<T> {
    await this.ask({ ask: 'profile' });
    const result = await work();
    await this.ask({ ask: 'profiled', file });
    return result;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private async ask(question: Question): Promise<Usage> {
    const ended = this.endError();
    if (ended) throw ended;
    const answered = once(this.child, 'message');
    this.child.send(question);
    const [used] = (await answered) as [Usage];
    return used;
  }
}
